// The browser's own `WebSocket` and the one of the package, through the same steps: what can be seen
// of each is written down, line by line, and the story compares the two.

import { KeeplineWebSocket } from "./index.js";

const classes = { native: WebSocket, ours: KeeplineWebSocket.with({ reconnect: false }) };

/** Both transcripts of `steps(Class, say, ...given)`. */
const both = (steps) => async (...given) => {
  const transcripts = {};
  for (const [name, Class] of Object.entries(classes)) {
    const lines = [];
    const say = (...words) => lines.push(words.map(shown).join(" ").replace(LONE, "lone"));
    await steps(Class, say, ...given);
    transcripts[name] = lines;
  }
  return transcripts;
};

/** A surrogate without its other half, which no driver would hand on. */
const LONE = /[\ud800-\udfff]/gu;

const shown = (value) =>
  typeof value === "string" ? value : typeof value === "function" ? "a function" : String(value);

/** What an act gives, or throws. */
function outcome(act) {
  try {
    return shown(act());
  } catch (thrown) {
    const kind = thrown instanceof DOMException ? "DOMException" : "Error";
    return `throws ${kind} ${thrown.name ?? thrown}`;
  }
}

globalThis.sameShape = both((Class, say) => {
  say("interface", Class.name, Class.length, Object.getPrototypeOf(Class) === EventTarget);
  say("prototype of", Object.getPrototypeOf(Class.prototype) === EventTarget.prototype);
  say(Object.prototype.toString.call(Class.prototype), Class.prototype.constructor === Class);
  for (const [of, object] of Object.entries({ Class, prototype: Class.prototype })) {
    for (const key of Reflect.ownKeys(object).map(String).sort()) {
      const own = key.startsWith("Symbol") ? Symbol.toStringTag : key;
      const { value, get, set, ...flags } = Object.getOwnPropertyDescriptor(object, own);
      say(of, key, JSON.stringify(flags), get?.name, set?.name, set?.length);
      if (typeof value === "function") say("  function", value.name, value.length, "prototype" in value && key !== "constructor");
      else if (value !== object && key !== "prototype") say("  value", value);
      if (get) {
        say("  of another", outcome(() => get.call({})), outcome(() => set?.call({}, 1)));
        say("  of the prototype", outcome(() => object[own]));
      }
    }
  }
  for (const method of ["send", "close"]) {
    say(method, "of another", outcome(() => Class.prototype[method].call({}, "")));
    say("new", method, outcome(() => new Class.prototype[method]()));
  }
  say("keys", Object.keys(Class.prototype).sort());
});

const strange = (order, name, text) => ({
  toString() {
    order.push(name);
    if (text === undefined) throw new RangeError(name);
    return text;
  },
});

globalThis.sameConstruction = both((Class, say, url) => {
  const made = (...given) => {
    const socket = new Class(...given);
    socket.close();
    return `${socket.url} ${socket.readyState} ${socket.protocol}|${socket.extensions}|${socket.binaryType}|${socket.bufferedAmount}`;
  };
  say("without new", outcome(() => Class(url)));
  for (const given of [
    // Not "": Firefox refuses it, the standard does not.
    [], [url], [undefined], [null], ["/here?x=1"], ["?x"], ["//127.0.0.1:1/a/../b"], [Symbol("s")],
    ["ws://"], ["ws://127.0.0.1:99999/"], ["ws://a b/"], ["ws://127.0.0.1/#"], ["ws://127.0.0.1/#here"],
    ["/x#here"], ["ftp://127.0.0.1/"], ["mailto:a@b"], ["http://127.0.0.1:80/"], ["https://127.0.0.1:443/a"],
    ["HTTP://127.0.0.1:1/é?é"], ["ws://127.0.0.1:80/"], ["wss://user:word@127.0.0.1:443/"], ["ws://[::1]:1/"],
    [new URL("ws://127.0.0.1:1/")], [{}], [["ws://127.0.0.1:1/"]], [42], ["ws://127.0.0.1:1/\ud800"],
    [" ws://127.0.0.1:1/ "], ["ws:127.0.0.1:1"], ["wss"], ["ws://127.0.0.1:1/%"], ["blob:ws://127.0.0.1/"],
  ]) {
    say("new", given.map((it) => outcome(() => JSON.stringify(String(it)))), outcome(() => made(...given)));
  }
  for (const protocols of [
    undefined, null, "", " ", "a b", "a,b", "a", "é", "a\u0000", "a\u007f", "a=b", "{", "!#$%&'*+-.^_`|~09AZaz", [], [""],
    ["a", "a"], ["a", "A"], ["a", "b"], ["a", "b", "a b"], [null], [undefined], ["1", 1], new Set(["a"]), {}, 5, true,
    new String("ab"), new String("aa"), Symbol("s"), [Symbol("s")], { [Symbol.iterator]: 5 },
    { [Symbol.iterator]: undefined, toString: () => "named" }, () => "called", { length: 1, 0: "a" },
  ]) {
    say("subprotocols", outcome(() => String(protocols)), outcome(() => made("ws://127.0.0.1:1/", protocols)));
  }
  for (const [address, protocol] of [["ftp://x/", "a"], [url, "a"], [undefined, "a"], [url, undefined], ["ftp://x/", undefined], ["ftp://x/", "a b"]]) {
    const order = [];
    const thrown = outcome(() => made(strange(order, "url", address), [strange(order, "protocol", protocol)]));
    say("in the order", order, thrown);
  }
});

/** A socket that is open. */
const opened = (Class, url) =>
  new Promise((resolve, reject) => {
    const socket = new Class(url);
    socket.onopen = () => resolve(socket);
    socket.onerror = reject;
  });

globalThis.sameClosing = both(async (Class, say, url) => {
  const bytes = (count, char = "x") => char.repeat(count);
  // No code that is to be rounded up, and no reason without a code: Chromium cuts the one off and
  // refuses the other, which the standard does not.
  const tries = [
    [], [undefined], [null], [NaN], [""], ["1000"], ["x"], [0], [999], [999.4], [1000], [1000.4], [1000.5],
    [1001], [1005], [1006], [2999], [2999.4], [3000], [4999], [4999.4], [5000], [66536], [1e9], [-1], [Infinity],
    [1000n], [Symbol("s")], [{ valueOf: () => 3000 }], [[3000]], [true],
    [1000, bytes(123)], [1000, bytes(124)], [1000, bytes(62, "é")], [1000, bytes(61, "é")], [1000, bytes(41, "\ud800")], [1000, bytes(42, "\ud800")],
    [2000, bytes(124)], [2000, Symbol("s")], [Symbol("s"), bytes(124)], [1000, Symbol("s")], [1000, undefined], [1000, null], [1000, 5],
  ];
  for (const given of tries) {
    const socket = new Class(url);
    const shape = given.map((it) => outcome(() => typeof it === "symbol" ? "symbol" : String(it).slice(0, 8)));
    say("close", shape, outcome(() => socket.close(...given)), socket.readyState);
    say("  again", outcome(() => socket.close(2000)), outcome(() => socket.close()), socket.readyState);
  }
  const order = [];
  const socket = new Class(url);
  say(outcome(() => socket.close({ valueOf: () => (order.push("code"), 2000) }, strange(order, "reason", "x"))), order);
  socket.close();
});

globalThis.sameSending = both(async (Class, say, url) => {
  const connecting = new Class(url);
  const values = [
    "text", "", null, undefined, 5, {}, [1, 2], new String("s"), Symbol("s"), { toString: () => "named" }, strange([], "thrower"),
    new Blob(["blob"]), new Uint8Array([1, 2]), new Uint8Array([1, 2, 3, 4]).subarray(1, 3), new DataView(new ArrayBuffer(3)), new ArrayBuffer(4),
    new Float64Array(2), new ArrayBuffer(0), "\ud800", new URLSearchParams("a=b"),
  ];
  if (typeof SharedArrayBuffer === "function") values.push(new SharedArrayBuffer(2), new Uint8Array(new SharedArrayBuffer(2)));
  const resizable = new ArrayBuffer(2, { maxByteLength: 4 });
  values.push(resizable, new Uint8Array(resizable));
  say("connecting, nothing", outcome(() => connecting.send()));
  for (const value of values) say("connecting", outcome(() => connecting.send(value)), connecting.bufferedAmount);
  connecting.close();
  say("closing", outcome(() => connecting.send("12345")), connecting.bufferedAmount);

  const socket = await opened(Class, url);
  const read = (data) => (typeof data === "string" ? `text ${data}` : new Uint8Array(data).join(","));
  socket.binaryType = "arraybuffer";
  for (const value of values) {
    const thrown = outcome(() => socket.send(value));
    if (thrown !== "undefined") { say("open", thrown); continue; }
    const { data } = await new Promise((resolve) => (socket.onmessage = resolve));
    say("open", read(data), Object.prototype.toString.call(data));
  }
  const buffer = new Uint8Array([1, 2, 3]);
  socket.send(buffer);
  buffer.fill(9);
  say("copied", read((await new Promise((resolve) => (socket.onmessage = resolve))).data));
  const detached = new Uint8Array([1, 2, 3]);
  structuredClone(detached, { transfer: [detached.buffer] });
  say("detached", outcome(() => socket.send(detached)), outcome(() => socket.send(detached.buffer)));
  socket.binaryType = "blob";
  for (const type of ["arraybuffer", "ARRAYBUFFER", "", undefined, null, 5, "blob", { toString: () => "arraybuffer" }, Symbol("s")]) {
    say("binaryType", outcome(() => (socket.binaryType = type) && undefined), socket.binaryType);
  }
  socket.binaryType = "blob";
  socket.onmessage = null;
  socket.send(new Uint8Array([7]));
  const one = (type) => new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
  let got = await one("message");
  while (!(got.data instanceof Blob && got.data.size === 1)) got = await one("message");
  say("a blob", got.data.type, read(await got.data.arrayBuffer()));
  const closed = one("close");
  socket.close();
  say("after close", outcome(() => socket.send("12345")), outcome(() => socket.send(new Blob(["123"]))), outcome(() => socket.send("é")), socket.bufferedAmount, outcome(() => socket.send()), outcome(() => socket.send(Symbol("s"))));
  await closed;
  say("closed", socket.bufferedAmount, outcome(() => socket.send(new ArrayBuffer(10))), socket.bufferedAmount, socket.readyState);
});

/** Writes down every event of a socket, and waits for its `close`. */
const followed = (socket, say) =>
  new Promise((resolve) => {
    const tell = (event) => {
      const more = {
        close: () => [event.constructor.name, event.code, event.reason, event.wasClean],
        message: () => [event.constructor.name, event.data, event.origin, event.lastEventId, event.source, event.ports.length],
      };
      const flags = [event.bubbles, event.cancelable, event.target === socket, event.currentTarget === socket];
      say(event.type, event.constructor.name, socket.readyState, ...flags, ...(more[event.type]?.() ?? []));
    };
    for (const type of ["open", "message", "error", "close"]) socket.addEventListener(type, tell);
    // What would come after the last event is to be seen too.
    socket.addEventListener("close", () => setTimeout(resolve, 20));
  });

globalThis.sameEvents = both(async (Class, say, echo, paths) => {
  for (const [url, protocols] of paths) {
    const socket = new Class(url, protocols);
    // The port differs from run to run, the rest does not.
    say("at", new URL(socket.url).pathname);
    const end = followed(socket, say);
    socket.addEventListener("open", () => setTimeout(() => socket.close(4001, "done"), 300));
    await end;
    say("end", socket.readyState, socket.protocol, socket.extensions !== undefined);
  }
  say("closed while connecting");
  const early = new Class(echo);
  const end = followed(early, say);
  early.close(3000, "early");
  say("now", early.readyState);
  await end;

  say("closed in open, with a message under way");
  const socket = new Class(echo);
  const over = followed(socket, say);
  socket.onopen = () => {
    socket.send("one");
    socket.close(1000, "bye");
    say("closing", socket.readyState);
  };
  await over;
});

globalThis.sameHandlers = both(async (Class, say, url) => {
  const socket = new Class(url);
  socket.close();
  const fire = (type, init) => {
    const event = new Event(type, init);
    socket.dispatchEvent(event);
    return event;
  };
  socket.addEventListener("open", () => say("first"));
  socket.onopen = () => say("the attribute");
  socket.addEventListener("open", () => say("third"));
  fire("open");
  socket.onopen = () => say("the attribute, changed");
  fire("open");
  socket.onopen = null;
  fire("open");
  socket.onopen = () => say("the attribute, set again");
  fire("open");
  for (const value of [null, undefined, 5, "text", Symbol("s"), {}, [], { handleEvent: () => say("never") }, () => {}]) {
    socket.onmessage = value;
    say("set", typeof value, typeof socket.onmessage, socket.onmessage === value, outcome(() => fire("message").defaultPrevented));
  }
  const errors = [];
  const heard = (event) => { errors.push(event.message); event.preventDefault(); };
  addEventListener("error", heard);
  socket.onerror = () => { throw new Error("from the attribute"); };
  socket.addEventListener("error", () => { throw new Error("from the listener"); });
  socket.addEventListener("error", () => say("the next one is called"));
  fire("error");
  removeEventListener("error", heard);
  say(errors.map((message) => message.replace(/^Uncaught /, "")));
  socket.onclose = function (event) {
    say("this", this === socket, arguments.length, event.eventPhase);
    return false;
  };
  say("cancelled", fire("close", { cancelable: true }).defaultPrevented, fire("close").defaultPrevented);
  socket.onclose = () => 0;
  say("not cancelled", fire("close", { cancelable: true }).defaultPrevented);
  socket.onclose = function () { socket.onclose = () => say("changed meanwhile"); say("old"); };
  fire("close");
  fire("close");
  socket.onopen = socket.onclose = socket.onerror = socket.onmessage = null;
  await new Promise((resolve) => socket.addEventListener("close", resolve));
});

/** A socket that reconnects, what it has told, and in which state it was then. */
let socket;
const told = [];

globalThis.watch = (url, protocols, options = {}) => {
  socket = new KeeplineWebSocket(url, protocols, options);
  const states = ["connecting", "open", "closing", "closed"];
  const tell = (...words) => told.push([...words, states[socket.readyState]].join(" "));
  socket.onopen = () => tell("open");
  socket.onmessage = ({ data }) => told.push(`message ${data}`);
  socket.onerror = () => tell("error");
  socket.onclose = ({ code }) => tell("close", code);
  return socket.readyState;
};
globalThis.toldSoFar = () => told;
globalThis.act = (name, ...given) => outcome(() => socket[name](...given));
globalThis.ask = (name) => socket[name];

/** Sockets whose address comes from a function, which fails before it answers. */
globalThis.watchAsked = (urls) => {
  let calls = 0;
  const url = async () => {
    const url = urls[calls++];
    if (!url) throw new Error("no address yet");
    return url;
  };
  return watch(url, async () => null, { retryBaseMs: 20, retryCapMs: 40 });
};
/** A socket that is not content with any end. */
globalThis.watchRestless = (url) => {
  watch(url, [], { attemptsPerMinute: 3 });
  socket.addEventListener("close", () => socket.reconnect());
};
globalThis.watchUnless = (url, code) =>
  watch(url, [], { retryBaseMs: 20, retryCapMs: 40, shouldReconnect: (event) => event.code !== code });

globalThis.refusedOptions = () =>
  [
    { retryBase: 5 }, { session: true }, { maxAttempts: 0 }, { retryBaseMs: -1 }, { connectTimeoutMs: "8s" }, { retryBaseMs: 5, retryCapMs: 4 },
    { reconnect: "no" }, { startClosed: 1 }, { queueWhileConnecting: null }, { shouldReconnect: 5 }, { debug: "yes" }, { maxAttempts: "5" }, { maxAttempts: 0.5 },
    { outboxMessages: 1.5 }, { outboxBytes: Infinity }, { pageLifecycle: 0 }, { probe: null }, 4,
    { reconnect: false, maxAttempts: 5 }, { reconnect: false, startClosed: true }, { queueWhileConnecting: false, outboxBytes: 9 }, { maxAttempts: Infinity }, {},
    { reconnect: false }, { reconnect: false, queueWhileConnecting: true, outboxMessages: 5, connectTimeoutMs: 50 },
  ].map((options) =>
    outcome(() => new KeeplineWebSocket("ws://127.0.0.1:1/", [], options).close()),
  );
