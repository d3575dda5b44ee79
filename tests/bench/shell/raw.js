// The clients to compare with: a WebSocket as the browser gives it, one message at a time, or all
// that came together in one.

const FIRST = 100_000;

const first = (id) => ({ id, name: "sensor-17", value: 21.53, unit: "celsius", ok: true });

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const rawText = (url) => oneByOne(url, JSON.stringify, JSON.parse);

export const rawBinary = (url) =>
  oneByOne(
    url,
    (reading) => encoder.encode(JSON.stringify(reading)),
    (data) => JSON.parse(decoder.decode(data)),
  );

function oneByOne(url, encode, decode) {
  let next = FIRST;
  const [line, socket] = open(url, (inFlight) => {
    for (let sent = 0; sent < inFlight; sent += 1) {
      socket.send(encode(first(next++)));
    }
  });
  socket.onmessage = ({ data }) => {
    const reading = decode(data);
    line.heard += 1;
    if (line.rests) {
      line.outstanding -= 1;
      return;
    }
    reading.id = next++;
    socket.send(encode(reading));
  };
  return line;
}

// As good as batching by hand gets: nothing is numbered, acknowledged or kept.
export function rawBatched(url) {
  let next = FIRST;
  const [line, socket] = open(url, (inFlight) => {
    socket.send(JSON.stringify(Array.from({ length: inFlight }, () => first(next++))));
  });
  socket.onmessage = ({ data }) => {
    const readings = JSON.parse(data);
    line.heard += readings.length;
    if (line.rests) {
      line.outstanding -= readings.length;
      return;
    }
    for (const reading of readings) {
      reading.id = next++;
    }
    socket.send(JSON.stringify(readings));
  };
  return line;
}

// As `Echo` in ../src/echo.rs.
function open(url, sendFirst) {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const line = {
    heard: 0,
    outstanding: 0,
    rests: false,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    begin(inFlight) {
      line.rests = false;
      line.outstanding = inFlight;
      sendFirst(inFlight);
    },
    rest() {
      line.rests = true;
    },
    free: () => socket.close(),
  };
  return [line, socket];
}
