// How `ts` becomes the one script that users get. Its minifier is the best of those at hand, and
// leaves the marks by which another bundler sees what may be left out.

/**
 * Properties of which only this package's own files know: they need no names. None may be one of
 * JavaScript's or the DOM's that is used in them, nor a word that anybody is told.
 */
const internal = [
  "abandon",
  "address",
  "answers",
  "arrived",
  "arriving",
  "closeWith",
  "config",
  "discard",
  "dropped",
  "endpoint",
  "failed",
  "forget",
  "giveUp",
  "handlers",
  "hasLeft",
  "hasRoomFor",
  "held",
  "hold",
  "inquiry",
  "isClosing",
  "isSession",
  "judge",
  "keep",
  "lastUrl",
  "mayReturn",
  "newest",
  "news",
  "noticeClosing",
  "notMade",
  "openAt",
  "opened",
  "openFailed",
  "provide",
  "queues",
  "received",
  "refused",
  "renewal",
  "settings",
  "settle",
  "slept",
  "socket",
  "socketClosed",
  "spare",
  "stands",
  "stop",
  "tidings",
  "took",
  "transports",
  "wait",
  "wake",
  "wantsFlush",
  "watchesPage",
  "whenFull",
];

/** What the console shows of an uncaught error is a line: one function, and not all of them. */
const lines = {
  name: "lines",
  generateBundle(_, files) {
    const [script] = Object.values(files);
    script.code = script.code.replace(
      /(?<=[;}])(?=(async function|function|var|const) |#\w+\()/g,
      "\n",
    );
  },
};

export default {
  input: "ts/index.ts",
  platform: "neutral",
  // The core lies beside it, as it is; and only one script at a time can have properties renamed.
  external: /packed\.js$/,
  transform: { target: "es2022" },
  plugins: [lines],
  output: {
    dir: "dist",
    paths: () => "./packed.js",
    minify: { mangleProps: { include: new RegExp(`^(${internal.join("|")})$`) } },
  },
};
