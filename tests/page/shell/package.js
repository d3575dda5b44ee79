// Stories of the npm package, told by `tests/it/package.rs`: each throws if it goes wrong.
import * as keepline from "./index.js";

const { connect, EndedError, KeeplineError, SendError, StopError } = keepline;

const PATIENCE_MS = 20_000;

/** What was reported as an application's own error. */
const reported = [];
globalThis.addEventListener("error", (event) => {
  reported.push(String(event.error?.message ?? event.message));
  event.preventDefault();
});

function equal(found, wanted, what) {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}

function thrown(act) {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown by ${act}`);
}

const rejected = (promise) =>
  within(promise, "a rejection").then(
    (value) => {
      throw new Error(`resolved to ${JSON.stringify(value)}`);
    },
    (error) => error,
  );

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Resolves at the first such event of a line. */
const heard = (line, name, isIt = () => true) =>
  within(
    new Promise((resolve) => {
      const off = line.on(name, (event) => {
        if (!isIt(event)) return;
        off();
        resolve(event);
      });
    }),
    name,
  );

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(isSo, what) {
  let waits = true;
  const looks = async () => {
    while (waits && !isSo()) await pause(5);
  };
  await within(looks(), what).finally(() => (waits = false));
}

async function take(line, count) {
  const taken = [];
  if (!count) return taken;
  for await (const message of line) {
    taken.push(message);
    if (taken.length === count) break;
  }
  return taken;
}

const numbers = (count, from = 0) => Array.from({ length: count }, (_, at) => from + at);

/** Messages come back in order, and the line says where it stands. */
export async function echo(url, session) {
  const line = await connect(url, { session });
  equal(line.status.state, "connecting", "the first status");
  const statuses = [];
  line.on("status", ({ state }) => statuses.push(state));
  const ids = numbers(200).map((number) => line.send({ number, text: "hällo 🌍" }));
  equal(ids, numbers(200, 1), "ids");
  const messages = await within(take(line, 200), "the echoes");
  equal(messages.map(({ number }) => number), numbers(200), "the echoes");
  equal(messages[0].text, "hällo 🌍", "a text");
  equal(line.status, { state: "online", subprotocol: session ? "keepline.v1" : "" }, "status");
  if (session) await within(line.delivered(200), "the delivery");
  else equal((await rejected(line.delivered(200))).name, "TypeError", "delivered on a plain line");
  equal(line.counters.messagesReceived, 200, "counted");
  const why = await within(line.finish(), "the end");
  equal(why.reason, "application", "why it ended");
  equal(statuses.slice(-2), ["closing", "ended"], "the last statuses");
  equal([...(await take(line, 0))], [], "nothing more");
  return statuses;
}

/** Bytes go and come as they are. */
export async function bytes(url) {
  const line = await connect(url, { codec: "raw" });
  const sent = new Uint8Array([9, 0, 255, 128, 9]);
  line.send(sent.subarray(1, 4));
  sent.fill(7);
  line.send("a text");
  const [first, second] = await within(take(line, 2), "the echoes");
  equal([...new Uint8Array(first)], [0, 255, 128], "the bytes as they were when they were sent");
  equal(second, "a text", "the text");
  line.close();
}

/** What cannot be sent is refused by name, and the line stays up. */
export async function unsendable(url, session) {
  const line = await connect(url, { session });
  await within(line.online(), "the line");
  const cycle = {};
  cycle.itself = cycle;
  for (const value of [cycle, 10n, () => {}, undefined, Symbol("none")]) {
    const error = thrown(() => line.send(value));
    equal([error instanceof SendError, error.code], [true, "unserializable"], String(error));
  }
  const large = thrown(() => line.send("x".repeat(20 * 1024 * 1024)));
  equal([large instanceof KeeplineError, large.code], [true, "tooLarge"], "20 MB");
  const limit = session ? 262_144 : 12_582_912;
  equal(large.message.includes(String(limit)), true, large.message);
  equal(line.send("after all that"), 1, "the id of what was accepted");
  equal(await within(take(line, 1), "the echo"), ["after all that"], "the echo");
  const raw = await connect(url, { session, codec: "raw" });
  const detached = new ArrayBuffer(8);
  const view = new Uint8Array(detached);
  structuredClone(detached, { transfer: [detached] });
  for (const [at, value] of [detached, view, 7, null, {}].entries()) {
    equal(thrown(() => raw.send(value)).code, "unserializable", `value ${at}`);
  }
  const wrong = { latest: Object.create(null) };
  const none = [{ latest: null }, { expiresMs: null }, { dropOldest: "no" }, null, 5];
  for (const terms of [wrong, { expiresMs: 10n }, { expiresMs: NaN }, { expireMs: 10 }, ...none]) {
    equal(thrown(() => line.send("on no terms", terms)).name, "TypeError", `${Object.keys(terms ?? {})}`);
  }
  equal([line.cancel(1n), line.cancel(1.5)], [false, false], "ids that are none");
  equal(line.send("after that"), 2, "the id of what was accepted then");
  const custom = await connect(url, { session, codec: { encode: () => detached, decode: String } });
  equal(thrown(() => custom.send(1)).code, "unserializable", "a codec's detached buffer");
  equal(custom.status.state, "connecting", "its line");
  custom.close();
  const memory = new Uint8Array(new ArrayBuffer(2, { maxByteLength: 4 })).fill(7).buffer;
  const growing = { encode: () => memory, decode: (data) => [...new Uint8Array(data)] };
  const resizable = await connect(url, { session, codec: growing });
  resizable.send(1);
  equal(await within(take(resizable, 1), "an echo"), [[7, 7]], "what may change its size");
  equal(resizable.counters.attempts, 1, "its line");
  resizable.close();
  line.close();
  raw.close();
}

/** Whoever is told of a message may send another at once: each has an id of its own, and its fate. */
export async function nested(url) {
  let open;
  const line = await connect(() => new Promise((resolve) => (open = () => resolve(url))));
  const ids = [];
  const off = line.on("undelivered", ({ first }) => {
    off();
    ids.push(first, line.send("told"));
  });
  line.send("a", { latest: "key" });
  ids.push(line.send("b", { latest: "key" }));
  equal(ids, [1, 3, 2], "ids");
  equal([line.send("c"), line.queued.messages], [4, 3], "what waits");
  open();
  equal(await within(take(line, 3), "the echoes"), ["b", "told", "c"], "what came back");
  line.close();
}

/** What a listener throws is reported; the others are called, and the line stays up. */
export async function throwing(url) {
  const line = await connect(url);
  const got = [];
  line.on("message", () => {
    throw new Error("a listener's own");
  });
  const off = line.on("message", (message) => got.push(message));
  line.send(1);
  line.send(2);
  await heard(line, "message", (message) => message === 2);
  equal(got, [1, 2], "what the other listener got");
  equal(reported.splice(0), ["a listener's own", "a listener's own"], "what was reported");
  off();
  let calls = 0;
  const count = () => calls++;
  const [one, other] = [line.on("message", count), line.on("message", count)];
  one();
  one();
  line.send(3);
  await heard(line, "message", (message) => message === 3);
  equal(calls, 1, "a listener that was there twice, after one off()");
  other();
  equal(got, [1, 2], "after off()");
  equal(line.status.state, "online", "the line");
  reported.length = 0;
  line.close();

  const waiting = await connect(url);
  for (const number of numbers(2)) waiting.send(number);
  await heard(waiting, "status");
  const once = new Promise((resolve) => {
    const off = waiting.on("message", (message) => {
      off();
      resolve(message);
    });
  });
  equal(await within(once, "the first"), 0, "who listens once");
  equal(await within(take(waiting, 1), "the second"), [1], "who reads after that");
  waiting.close();
}

/** What the application is asked may throw: it is reported, and stops nothing. */
export async function asked(url) {
  const throws = (what) => () => {
    throw new Error(what);
  };
  const probe = { send: "ping", answer: throws("is it an answer?"), idleMs: 50 };
  const codec = { encode: String, decode: throws("what is it?") };
  const line = await connect(url, { probe, codec, onClosed: throws("what does it mean?") });
  const undecodable = heard(line, "undecodable", ({ data }) => data === "1");
  line.on("message", () => {});
  line.send(1);
  equal((await undecodable).error.message, "what is it?", "the codec's own");
  equal(reported.includes("is it an answer?"), true, "what was reported");
  equal(line.status.state, "online", "the line");
  line.close();
  await within(line.ended(), "the end");
  equal(reported.includes("what does it mean?"), true, "what was reported");
  reported.length = 0;
  for (const answer of ["pong", (data) => data === "pong"]) {
    const probed = await connect(url, { probe: { send: "ping", answer, idleMs: 50 }, codec: "raw" });
    // An echo is no answer, and is a sign of life all the same.
    equal(await within(take(probed, 2), "two echoes"), ["ping", "ping"], "the echoes");
    probed.close();
  }
  const answered = await connect(url, { probe: { send: "ping", answer: "ping", idleMs: 50 } });
  const { ms } = await heard(answered, "roundTrip");
  equal([ms >= 0, answered.roundTripMs], [true, ms], "a round trip");
  answered.close();
}

/** An iterator that is left half-way loses nothing. */
export async function abandoned(url, session) {
  const line = await connect(url, { session });
  for (const number of numbers(6)) line.send(number);
  equal(await within(take(line, 2), "two"), [0, 1], "the first reader");
  equal(await within(take(line, 4), "four"), [2, 3, 4, 5], "the next reader");
  const reader = line[Symbol.asyncIterator]();
  const pending = reader.next();
  equal(await within(reader.return(), "a reader's return"), { done: true }, "its last word");
  equal(await within(pending, "what it waited for"), { done: true }, "what it waited for");
  const failing = line[Symbol.asyncIterator]();
  const waiting = failing.next();
  const words = await rejected(failing.throw(new Error("changed its mind")));
  equal(words.message, "changed its mind", "a reader's throw");
  equal(await within(waiting, "what it waited for"), { done: true }, "what it waited for");
  line.send(6);
  equal(await within(take(line, 1), "one"), [6], "the reader after it");
  line.close();
  equal(await within(take(line, 1), "the end"), [], "after the end");
}

/** An endpoint function that rejects is asked again; `StopError` ends the line. */
export async function endpoints(url) {
  const asked = [];
  const line = await connect(
    async (why) => {
      asked.push(why);
      if (asked.length < 3) throw new Error("not yet");
      return { url };
    },
    { retryBaseMs: 20 },
  );
  const waiting = await heard(line, "status", ({ state }) => state === "waiting");
  equal(waiting.why, { reason: "notProvided", words: "not yet" }, "why it waits");
  await within(line.online(), "the third attempt");
  equal(asked, ["attempt", "attempt", "attempt"], "why it was asked");
  line.close();
  equal(await line.ended(), { reason: "application", words: "" }, "no word of the former failure");

  let rejects = true;
  const wordless = await connect(
    async () => {
      if (rejects) throw Object.create(null);
      return { url, protocols: undefined };
    },
    { retryBaseMs: 20, protocols: ["chat"] },
  );
  const speechless = await heard(wordless, "status", ({ state }) => state === "waiting");
  equal(speechless.why, { reason: "notProvided", words: "" }, "why it waits");
  rejects = false;
  await within(wordless.online(), "the next attempt");
  equal(wordless.status.subprotocol, "chat", "what an endpoint does not say");
  wordless.close();

  const stopped = await connect(async () => {
    throw new StopError("logged out");
  });
  const end = await within(stopped.ended(), "the end");
  equal(end, { reason: "notProvided", words: "logged out" }, "why it ended");

  let stop;
  const late = await connect(
    () => new Promise((_, reject) => (stop ??= () => reject(new StopError("too late")))),
    { connectTimeoutMs: 50, retryBaseMs: 30_000 },
  );
  await heard(late, "status", ({ state }) => state === "waiting");
  stop();
  await pause(0);
  late.retryNow();
  equal((await within(late.ended(), "the end")).words, "too late", "when nobody waited for it");

  const hung = [];
  const again = await connect(
    (_, signal) =>
      hung.length > 1 ? url : new Promise((resolve) => hung.push({ signal, resolve })),
    { connectTimeoutMs: 300, retryBaseMs: 1, retryCapMs: 1, attemptsPerMinute: 1_000 },
  );
  const attempts = () => again.counters.attempts;
  await heard(again, "status", ({ state, attempt }) => state === "waiting" && attempt === 3);
  equal([hung.length, hung[0].signal.aborted], [1, false], "one call for several attempts");
  hung[0].signal.onabort = () => again.send("told");
  sleep(61_000);
  dispatchEvent(new Event("online"));
  await heard(again, "status", ({ state }) => state === "waiting");
  equal([hung.length, hung[0].signal.aborted], [2, true], "a call that hangs is given up");
  hung[0].resolve(url);
  await heard(again, "status", ({ state }) => state === "waiting");
  equal([hung.length, attempts()], [2, 0], "what it says is ignored");
  hung[1].resolve(url);
  await within(again.online(), "the line by the next call, though late for its own attempt");
  equal(await within(take(again, 1), "an echo"), ["told"], "what was sent by who was told");
  again.close();
  await within(again.ended(), "the end");
  equal(hung[1].signal.aborted, true, "the signal at the end of the line");

  const bad = await connect(async () => "gopher://example.org/");
  equal((await within(bad.ended(), "the end")).reason, "badEndpoint", "a useless endpoint");
  const odd = await connect(async () => ({ url, expiresInMs: 10n }));
  equal((await within(odd.ended(), "the end")).reason, "badEndpoint", "a time that is none");

  let signal;
  const silent = await connect(
    (_, it) => {
      signal = it;
      return new Promise(() => {});
    },
    { connectTimeoutMs: 50 },
  );
  const why = await heard(silent, "status", ({ state }) => state === "waiting");
  equal(why.why.reason, "providerSilent", "one that never settles");
  silent.close();
  equal(signal.aborted, true, "the call is told of the end");
}

/** It can be closed at any time, and what is asked of it later is refused by name. */
export async function closing(url, sessionUrl) {
  const line = await connect(url);
  equal(line.status.state, "connecting", "before");
  line.send("never");
  const gone = heard(line, "undelivered");
  line.close();
  equal(await gone, { first: 1, last: 1, fate: "neverSent", mayHaveArrived: false }, "its fate");
  equal((await line.ended()).reason, "application", "the end");
  const error = thrown(() => line.send("late"));
  equal([error instanceof SendError, error.code], [true, "ended"], "a send after the end");
  for (const promise of [line.online(), line.ready()]) {
    equal((await rejected(promise)) instanceof EndedError, true, "a wait after the end");
  }
  line.close();
  line.retryNow();
  equal(line.cancel(1), false, "a cancel after the end");
  await line[Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]();
  equal("undefined" in line, false, "a method of no name");
  for (const [code, reason] of [[1001], [2999], [5000], [1000, "x".repeat(124)]]) {
    equal(thrown(() => line.close(code, reason)).name, "RangeError", `close(${code})`);
  }
  for (const reason of [null, 5, new Error("x".repeat(200))]) {
    equal(thrown(() => line.close(1000, reason)).name, "TypeError", `a reason that is ${reason}`);
  }

  equal(thrown(() => line.renew("anew")).name, "TypeError", "credentials of a plain line");

  const items = new URL("/items/1/ws", url).href;
  const judged = await connect(items, { onClosed: async () => "retry" });
  equal((await within(judged.ended(), "the end")).code, 1008, "a judgement that is none");

  const session = await connect(sessionUrl, { session: true });
  session.send("never");
  session.close();
  const fate = await rejected(session.delivered(1));
  equal([fate.name, fate.code, fate.mayHaveArrived], ["DeliveryError", "neverSent", false], "fate");

  const finishing = await connect(sessionUrl, { session: true });
  await within(finishing.online(), "a session");
  finishing.send("taken");
  const finished = finishing.finish();
  const tooLate = thrown(() => finishing.send("too late"));
  equal([tooLate.code, finishing.status.state], ["ended", "online"], "a send while it finishes");
  equal(tooLate.message.includes("closing"), true, tooLate.message);
  for await (const _ of finishing) break;
  equal((await within(finished, "the end")).reason, "application", "the end");
  equal(error.message, "the line has ended", "the words after the end");

  // A reader that is behind is given its time.
  const behind = await connect(sessionUrl, { session: true });
  for (const number of numbers(5)) behind.send(number);
  await until(() => behind.counters.messagesReceived === 5, "five echoes");
  const read = [];
  let end;
  for await (const number of behind) {
    read.push(number);
    end ??= behind.finish();
    await pause(10);
  }
  equal([read, (await within(end, "the end")).reason], [numbers(5), "application"], "what was read");

  // So is one that has had nothing to read yet, or takes the place of another.
  const readers = {
    listener: (line, read) => void line.on("message", (number) => read.push(number)),
    loop: async (line, read) => {
      for await (const number of line) read.push(number);
    },
    loops: async (line, read) => {
      line.send(0);
      read.push(...(await take(line, 1)));
      await readers.loop(line, read);
    },
  };
  for (const [name, reader] of Object.entries(readers)) {
    const early = await connect(sessionUrl, { session: true });
    const read = [];
    const reading = reader(early, read);
    if (name === "loops") await until(() => read.length, "the first one");
    for (const number of numbers(500, read.length)) early.send(number);
    await within(early.finish(), "the end");
    await within(reading, "the last message");
    const received = early.counters.messagesReceived;
    equal([read, received > 1], [numbers(received), true], `what the ${name} read`);
  }

  // One that has left is not waited for, nor one that leaves meanwhile.
  for (const leavesBefore of [true, false]) {
    const left = await connect(sessionUrl, { session: true });
    for (const number of numbers(5)) left.send(number);
    await until(() => left.counters.messagesReceived === 5, "five echoes");
    let finished;
    for await (const _ of left) {
      if (!leavesBefore) finished = left.finish(3_600_000);
      break;
    }
    await within(finished ?? left.finish(3_600_000), "the end of what nobody reads");
  }

  const first = await connect(sessionUrl, { session: true });
  const got = [];
  for (const number of numbers(3)) first.send(number);
  first.on("message", (message) => {
    got.push(message);
    first.close();
  });
  await within(first.ended(), "the end");
  equal(got, [0], "what is told after a close by who was told of the first");

  const renewed = await connect(sessionUrl, { session: true });
  equal(thrown(() => renewed.renew(null)).name, "TypeError", "credentials that are none");
  equal(renewed.renew(""), false, "empty ones");
  await within(renewed.online(), "a line that outlives that");
  renewed.close();

  // An object of options is read once, and may be used for the next line.
  const controller = new AbortController();
  const reused = { signal: controller.signal };
  const connecting = connect(url, reused);
  const another = new AbortController();
  reused.signal = another.signal;
  const [aborted, other] = [await connecting, await connect(url, reused)];
  controller.abort();
  equal((await within(aborted.ended(), "the end")).reason, "application", "an abort");
  equal(other.status.state === "ended", false, "another's");
  another.abort();
  equal((await within(other.ended(), "the end")).reason, "application", "its own");
}

/** The bad ports of Fetch §2.9. */
const FORBIDDEN = [
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
  103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512,
  513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719,
  1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679,
  6697, 10080,
];

/** Options that are unknown, out of range, or contradict each other. */
export async function options(url) {
  const wrong = [
    { connectTimeout: 5 },
    { connectTimeoutMs: 0 },
    { connectTimeoutMs: NaN },
    { connectTimeoutMs: "5" },
    { connectTimeoutMs: 90_000_000 },
    { retryBaseMs: 10, retryCapMs: 5 },
    { messageBytes: 2_000, outboxBytes: 1_000 },
    { outboxBytes: 1_000 },
    { toString: 5 },
    { session: true, probe: { send: "ping", answer: "pong" } },
    { session: true, protocols: ["chat"] },
    { credentials: "secret" },
    { probe: { send: "" } },
    { probe: { send: "a", answer: "b", idleMs: 10, hiddenIdleMs: 5 } },
    { codec: "xml" },
    { protocols: ["a", "a"] },
    { protocols: ["a,b"] },
    { retryCapMs: 300 },
    { retryBaseMs: undefined, retryCapMs: 300 },
    { bufferHighBytes: 1_000 },
    { bufferLowBytes: 5, bufferHighBytes: 5 },
    { attemptsPerMinute: 0.5 },
    { outboxMessages: 1.5 },
    { outboxBytes: Infinity },
    { inboxBytes: null },
    { session: "no" },
    { pageLifecycle: 1 },
    { diagnosis: null },
    { onClosed: 5 },
    { signal: {} },
    { signal: null },
    { probe: null },
    { probe: "ping" },
    { codec: null },
    { protocols: 5 },
    { protocols: "a,b" },
    { whenInboxFull: "wait" },
    { probe: { send: "ping" } },
    { probe: { send: "ping", answer: "pong", idle: 5 } },
    { session: true, sessionMessageBytes: 2_000, windowBytes: 1_000 },
    { session: true, inboxMessages: 10_000 },
    { session: true, messageBytes: 1_000 },
    { session: true, afterLoss: "resend" },
    { session: true, credentials: 7 },
    { session: true, credentials: "x".repeat(8_193) },
  ];
  for (const given of wrong) {
    const error = await rejected(connect(url, given));
    equal(error.name, "TypeError", `${JSON.stringify(given)}: ${error}`);
    equal(Object.keys(given).some((name) => error.message.includes(name)) || given.protocols !== undefined, true, `${error}`);
    equal(error.message.includes("secret"), false, "an error with a secret");
    equal(error.message.includes("contradict"), false, "an error that names nothing");
  }
  // Its window may be larger than a plain line's inbox.
  const wide = { session: true, windowMessages: 10_000, outboxBytes: 2 ** 25 };
  (await connect(url, wide)).close();
  (await connect(url, { session: true, outboxBytes: 2 ** 20 })).close();
  for (const given of [4, null, "session"]) {
    equal((await rejected(connect(url, given))).name, "TypeError", `options ${given}`);
  }
  // Who bounds what waits to be read need not say that no message is larger.
  for (const given of [{ inboxBytes: 1_000 }, { session: true, windowBytes: 1_000 }]) {
    const small = await connect(url, given);
    equal(thrown(() => small.send("x".repeat(1_000))).limit, 1_000, JSON.stringify(given));
    small.close();
  }
  const chat = await connect(url, { protocols: "chat" });
  await within(chat.online(), "a line with one subprotocol");
  equal(chat.status.subprotocol, "chat", "the only one");
  for (const [event, listener] of [["bogus", () => {}], ["toString", () => {}], ["status", undefined], ["status", null], ["status", 5]]) {
    const { name, message } = thrown(() => chat.on(event, listener));
    equal([name, /bogus|toString|listener/.test(message)], ["TypeError", true], `${event}: ${message}`);
  }
  chat.close();
  const stranger = { url, credentials: "secret" };
  const misspelt = { url, protocol: ["chat"] };
  for (const bad of [stranger, misspelt, "ftp://example.org", "ws://example.org/#part", {}, undefined, null, 4]) {
    const error = await rejected(connect(bad));
    equal([error.name, /URL|option|credentials/.test(error.message)], ["TypeError", true], `${bad}: ${error}`);
  }
  for (const port of FORBIDDEN) {
    const error = await rejected(connect(`wss://example.org:${port}`));
    equal(error.message.includes("port"), true, `port ${port}: ${error}`);
  }
}

/** Messages wait on terms; a full outbox says so, and `ready` waits for room. */
export async function terms(url, closedUrl) {
  const line = await connect(closedUrl, { outboxMessages: 3 });
  const fates = [];
  line.on("undelivered", ({ first, last, fate }) => fates.push([first, last, fate]));
  line.send("a", { latest: "cursor" });
  line.send("b", { latest: "cursor" });
  line.send("c", { expiresMs: 30 });
  line.send("d", { dropOldest: true });
  equal(thrown(() => line.send("e")).code, "full", "a full outbox");
  line.send("f", { dropOldest: true });
  equal(fates, [[1, 1, "replaced"], [4, 4, "dropped"]], "the fates so far");
  await within(line.ready(), "room");
  equal(fates[2], [3, 3, "expired"], "what expired");
  equal([line.cancel(2), line.cancel(2)], [true, false], "cancelled once");
  equal(line.queued.messages, 1, "what waits");
  line.close();
  equal(fates.slice(3), [[2, 2, "cancelled"], [5, 5, "neverSent"]], "the last fates");
  const late = await connect(closedUrl);
  const expired = heard(late, "undelivered");
  late.send("too late", { expiresMs: -5 });
  equal((await expired).fate, "expired", "what is late already");
  late.close();
  const looked = await connect(closedUrl, { diagnosis: true });
  const { why } = await heard(looked, "status", ({ why }) => why?.reason === "diagnosed");
  equal(why, { reason: "diagnosed", words: "unreachable" }, "what was found");
  looked.close();
  const up = await connect(url, { inboxMessages: 2 });
  const dropped = heard(up, "dropped");
  for (const number of numbers(3)) up.send(number);
  equal(await dropped, { count: 1 }, "an inbox that overflows");
  equal(await within(take(up, 2), "the rest"), [1, 2], "the oldest made room");
  up.close();
}

/** What `full` has refused is accepted once `ready` says so; what never fits is not waited for. */
export async function full(url) {
  let open;
  const limits = { codec: "raw", messageBytes: 1_000, outboxBytes: 1_500 };
  const line = await connect(() => new Promise((resolve) => (open = () => resolve(url))), limits);
  const [large, half] = ["x".repeat(1_000), "x".repeat(500)];
  line.send(large);
  const error = thrown(() => line.send(large));
  equal([error.code, error.bytes, error.limit], ["full", 1_000, undefined], "a full outbox");
  let isReady = false;
  const ready = line.ready().then(() => (isReady = true));
  await line.ready(500);
  await pause(0);
  equal(isReady, false, "room for what was refused");
  line.send(half);
  equal(thrown(() => line.send(half)).bytes, 500, "the size of what was refused last");
  open();
  await within(ready, "room");
  line.send(large);
  await within(line.ready(), "room, where nothing was refused");
  await within(line.ready(1_001), "the end of a wait that has none");
  const over = thrown(() => line.send(`${large}x`));
  equal([over.code, over.bytes, over.limit], ["tooLarge", 1_001, 1_000], "one over the limit");
  equal(await within(take(line, 3), "the echoes"), [large, half, large], "what came back");
  line.close();

  // A key takes room as well.
  const keyed = await connect(() => new Promise(() => {}), limits);
  const latest = (name, bytes) => ({ latest: name.repeat(bytes) });
  keyed.send(half, latest("a", 400));
  const crowded = thrown(() => keyed.send(half, latest("b", 101)));
  equal([crowded.code, crowded.bytes], ["full", 500], "no room for the key");
  let hasRoom = false;
  const room = keyed.ready().then(() => (hasRoom = true));
  await pause(0);
  equal(hasRoom, false, "room for a message and its key");
  equal(thrown(() => keyed.send(half, latest("c", 1_001))).code, "tooLarge", "what never fits");
  keyed.send(half, latest("b", 100));
  equal(keyed.cancel(1), true, "the first");
  await within(room, "room");
  keyed.close();
}

/** A message that is no UTF-8 is not read as if it were. */
export async function garbled(url) {
  const [reader, writer] = await Promise.all([connect(url), connect(url, { codec: "raw" })]);
  await within(Promise.all([reader.online(), writer.online()]), "both lines");
  const garbage = heard(reader, "undecodable");
  reader.on("message", () => {});
  writer.send(new Uint8Array([0x22, 0xff, 0xc3, 0x22]));
  equal((await garbage).error instanceof TypeError, true, "what the decoder says");
  equal(reader.status.state, "online", "the line");
  for (const line of [reader, writer]) line.close();
}

/** Of more messages than are remembered, the first are forgotten, and what waits is waited for. */
export async function forgotten(closedUrl) {
  const line = await connect(closedUrl, { session: true });
  const first = line.send("waits");
  for (const number of numbers(600)) {
    line.send(number, { latest: "key" });
    line.cancel(line.send(number, { latest: "key" }));
  }
  equal((await rejected(line.delivered(2))).code, "forgotten", "an old one");
  equal((await rejected(line.delivered(1_201))).code, "cancelled", "a new one");
  const fate = rejected(line.delivered(first));
  line.close();
  equal((await fate).code, "neverSent", "one that waited all the time");
}

/** A session over a line that is cut again and again loses nothing, and doubles nothing. */
export async function storm(url) {
  const line = await connect(url, { session: true, attemptsPerMinute: 1_000 });
  const total = 600;
  const sending = (async () => {
    for (const number of numbers(total)) {
      line.send(number);
      if (number % 2) await pause(4);
    }
  })();
  const got = await within(take(line, total), "all of it");
  await sending;
  equal(got, numbers(total), "what came back");
  await within(line.delivered(total), "the last delivery");
  equal(line.counters.attempts > 1, true, "the line was cut");
  line.close();
}

/** Numbers pour through a session while the page goes through something; `poured` looks at them. */
export async function pour(url) {
  const line = await connect(url, { session: true });
  const [sent, got, downs] = [[], [], []];
  line.on("status", ({ state, why }) => state === "waiting" && downs.push(why.reason));
  line.on("message", (number) => got.push(number));
  const timer = setInterval(() => sent.push(line.send(sent.length)), 10);
  globalThis.pouring = { line, sent, got, downs, timer };
  await within(line.online(), "the line");
}

/** Every number has come back once and in order, over so many connections. */
export async function poured(attempts) {
  const { line, sent, got, timer } = globalThis.pouring;
  await within(line.online(), "the line, again");
  clearInterval(timer);
  const last = line.send(sent.length);
  await within(line.delivered(last), "the last delivery");
  if (got.length < last) await heard(line, "message", (number) => number === last - 1);
  equal(got, numbers(last), "what came back");
  equal(line.counters.attempts, attempts, "attempts");
  line.close();
}

/** Why the pouring line was down, each time. */
export const downs = () => globalThis.pouring.downs;

/** The machine sleeps: the wall clock goes on, while the page's own stands still. */
export function sleep(ms) {
  const { now } = Date;
  Date.now = () => now.call(Date) + ms;
}

/**
 * After a sleep a plain line that has no probe is replaced; the time of its next attempt is of the
 * page's clock, which does not know of the sleep.
 */
export async function replaced(url) {
  const line = await connect(url);
  await within(line.online(), "the line");
  for (const ms of [-60_000, 60_000]) {
    sleep(ms);
    dispatchEvent(new Event("online"));
  }
  equal(line.status.state, "online", "a clock that was set back and forward is no sleep");
  const down = heard(line, "status", ({ state }) => state === "waiting");
  sleep(3_600_000);
  dispatchEvent(new Event("online"));
  const { why, retryAtMs } = await down;
  const wait = retryAtMs - performance.now();
  equal([why.reason, Math.abs(wait) < 1_000], ["slept", true], `an attempt in ${wait} ms`);
  await within(line.online(), "the line, again");
  line.close();
}

/** Credentials go in the hello; a far end that refuses them ends the line. */
export async function refused(url) {
  const line = await connect(url, { session: true, credentials: "nobody" });
  const why = await within(line.ended(), "the end");
  equal(why.code, 4401, JSON.stringify(why));
}

/** A page of the secure web opens no insecure socket, and says so instead of trying again. */
export async function insecure(url) {
  const line = await connect(url);
  const why = await within(line.ended(), "the end");
  equal(why.reason, "refused", JSON.stringify(why));
}

/** Where the policy or the environment has no WebAssembly, that is what the error says. */
export async function unsupported(url) {
  const error = await rejected(connect(url));
  equal([error.name, error.code], ["UnsupportedError", "unsupported"], String(error));
  return error.message;
}

globalThis.stories = {
  echo,
  bytes,
  unsendable,
  nested,
  full,
  forgotten,
  garbled,
  throwing,
  abandoned,
  asked,
  endpoints,
  closing,
  options,
  terms,
  storm,
  pour,
  poured,
  downs,
  sleep,
  replaced,
  refused,
  insecure,
  unsupported,
};
