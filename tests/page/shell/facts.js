// What a bare WebSocket does, without the SDK: each function promises what it saw.

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function thrown(act) {
  try {
    act();
    return "nothing";
  } catch (error) {
    return error.name;
  }
}

// A socket, and the events it has fired so far.
function watched(url, protocols = []) {
  const socket = new WebSocket(url, protocols);
  const events = [];
  socket.onopen = () => events.push(`open ${socket.protocol}`.trim());
  socket.onmessage = ({ data }) => events.push(`message ${data}`);
  socket.onerror = () => events.push("error");
  socket.onclose = ({ code, wasClean }) => events.push(`close ${code} ${wasClean ? "clean" : ""}`.trim());
  return { socket, events };
}

async function until(condition, ms) {
  const end = performance.now() + ms;
  while (!condition() && performance.now() < end) await later(10);
  return condition();
}

const has = (events, name) => events.some((event) => event.startsWith(name));

async function opened(url, protocols) {
  const one = watched(url, protocols);
  if (!(await until(() => has(one.events, "open"), 10_000))) throw new Error(`${url}: ${one.events}`);
  return one;
}

globalThis.facts = {
  // All that a socket fires until it closes, at most for so long; or what its constructor throws.
  async tried(url, ms, protocols) {
    let one;
    const name = thrown(() => (one = watched(url, protocols)));
    if (name !== "nothing") return [`throws ${name}`];
    await until(() => has(one.events, "close"), ms);
    await later(50);
    one.events.push(`state ${one.socket.readyState}`);
    one.socket.close();
    return one.events;
  },

  async closeArguments(url) {
    const { socket, events } = await opened(url);
    socket.close();
    await until(() => has(events, "close"), 10_000);
    const e = "é";
    const cases = [
      [], [1000], [3000], [4999], [1000, "x".repeat(123)], [1000, e.repeat(61) + "x"],
      [0], [999], [1001], [1005], [1006], [1011], [1015], [2999], [5000], [65536 + 1000],
      [1000, "x".repeat(124)], [1000, e.repeat(62)],
    ];
    return cases.map((given) => thrown(() => socket.close(...given)));
  },

  async subprotocols(url) {
    const cases = [["a,b"], ["a", "a"], ["a=b"], ["a/b"], ["a b"], [""], ["aB0-_."]];
    return cases.map((given) => thrown(() => new WebSocket(url, given).close()));
  },

  async sendsWhenNotOpen(url) {
    const { socket, events } = watched(url);
    const connecting = thrown(() => socket.send("too early"));
    await until(() => has(events, "open"), 10_000);
    socket.close();
    const closing = thrown(() => socket.send("12345"));
    const whileClosing = socket.bufferedAmount;
    await until(() => has(events, "close"), 10_000);
    const closed = thrown(() => socket.send("12345"));
    return [connecting, closing, whileClosing, closed, socket.bufferedAmount];
  },

  // What a second socket to the same address fires while the first one's handshake hangs, and
  // once that one is closed.
  async hangs(hanging, other, ms) {
    const first = watched(hanging);
    await later(200);
    const second = watched(other);
    await later(ms);
    const meanwhile = [...second.events];
    first.socket.close();
    await until(() => has(second.events, "open"), 10_000);
    await until(() => has(first.events, "close"), 10_000);
    second.socket.close();
    return [meanwhile, second.events, first.events];
  },

  // What a socket fires within `ms` after it was closed, and its state then.
  async closes(url, ms) {
    const { socket, events } = await opened(url);
    events.length = 0;
    socket.close(1000, "");
    const began = performance.now();
    await until(() => has(events, "close"), ms);
    const took = Math.round(performance.now() - began);
    return { events, state: socket.readyState, took };
  },

  // `bufferedAmount` after so many bytes to a peer that does not read: at once, and when it is 0, at
  // the latest after so long.
  async buffers(url, bytes, ms) {
    const { socket } = await opened(url);
    socket.send(new Uint8Array(bytes));
    const atOnce = socket.bufferedAmount;
    await until(() => socket.bufferedAmount === 0, ms);
    const amounts = [atOnce, socket.bufferedAmount];
    socket.close();
    return amounts;
  },

  // Opens so many sockets and keeps them: how many have opened, failed, and said nothing.
  async hold(url, count, ms) {
    globalThis.held = [];
    let throws = 0;
    for (let i = 0; i < count; i += 1) if (thrown(() => held.push(watched(url))) !== "nothing") throws += 1;
    await until(() => held.every(({ events }) => events.length > 0), ms);
    const those = (test) => held.filter(({ events }) => test(events)).length;
    return {
      throws,
      opened: those((events) => has(events, "open")),
      failed: those((events) => has(events, "close")),
      errors: those((events) => has(events, "error") && !has(events, "close")),
      silent: those((events) => events.length === 0),
      silentStates: [...new Set(held.filter(({ events }) => !events.length).map(({ socket }) => socket.readyState))],
    };
  },

  async letGo() {
    held.forEach(({ socket }) => socket.close());
    return null;
  },

  // How long each of so many failures in a row takes.
  async fails(url, times) {
    const took = [];
    for (let i = 0; i < times; i += 1) {
      const began = performance.now();
      const { events } = watched(url);
      await until(() => has(events, "close"), 10_000);
      took.push(Math.round(performance.now() - began));
    }
    return took;
  },

  async longTimer() {
    let rang = false;
    const timer = setTimeout(() => (rang = true), 2 ** 31);
    await later(100);
    clearTimeout(timer);
    return rang;
  },

  async binaryType(url) {
    const socket = new WebSocket(url);
    socket.close();
    return socket.binaryType;
  },
};
