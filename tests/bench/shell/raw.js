// The clients to compare with: a WebSocket as the browser gives it, one message at a time.

const first = (id) => ({ id, name: "sensor-17", value: 21.53, unit: "celsius", ok: true });

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const rawText = (...round) => measure(JSON.stringify, JSON.parse, ...round);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const rawBinary = (...round) =>
  measure(
    (reading) => encoder.encode(JSON.stringify(reading)),
    (data) => JSON.parse(decoder.decode(data)),
    ...round,
  );

async function measure(encode, decode, url, inFlight, warmUpMs, lastsMs) {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`cannot connect to ${url}`));
  });
  let heard = 0;
  let next = 100_000;
  socket.onmessage = ({ data }) => {
    const reading = decode(data);
    heard += 1;
    reading.id = next++;
    socket.send(encode(reading));
  };
  for (let sent = 0; sent < inFlight; sent += 1) {
    socket.send(encode(first(next++)));
  }
  await sleep(warmUpMs);
  const [began, before] = [performance.now(), heard];
  await sleep(lastsMs);
  const rate = ((heard - before) / (performance.now() - began)) * 1000;
  socket.onmessage = null;
  socket.close();
  return rate;
}
