// How `ts` becomes the one script that users get. Its minifier is the best of those at hand, and
// leaves the marks by which another bundler sees what may be left out.

/** Properties of which only this package's own files know: they need no names. */
const internal = [
  "answers",
  "arriving",
  "closeWith",
  "hasLeft",
  "hasRoomFor",
  "held",
  "inquiry",
  "isClosing",
  "isSession",
  "judge",
  "lastUrl",
  "mayReturn",
  "newest",
  "noticeClosing",
  "notMade",
  "openAt",
  "openFailed",
  "provide",
  "queues",
  "refused",
  "renewal",
  "socketClosed",
  "spare",
  "stands",
  "tidings",
  "transports",
  "wantsFlush",
  "watchesPage",
  "whenFull",
];

export default {
  input: "ts/index.ts",
  platform: "neutral",
  // The core lies beside it, as it is; and only one script at a time can have properties renamed.
  external: /packed\.js$/,
  transform: { target: "es2022" },
  output: {
    dir: "dist",
    paths: () => "./packed.js",
    minify: { mangleProps: { include: new RegExp(`^(${internal.join("|")})$`) } },
  },
};
