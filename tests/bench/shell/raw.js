// The clients to compare with: a WebSocket as the browser gives it, one message at a time.

const FIRST = 100_000;

const first = (id) => ({ id, name: "sensor-17", value: 21.53, unit: "celsius", ok: true });

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const rawText = (url) => open(url, JSON.stringify, JSON.parse);

export const rawBinary = (url) =>
  open(
    url,
    (reading) => encoder.encode(JSON.stringify(reading)),
    (data) => JSON.parse(decoder.decode(data)),
  );

// As `Echo` in ../src/echo.rs.
function open(url, encode, decode) {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  let next = FIRST;
  let rests = false;
  const line = {
    heard: 0,
    outstanding: 0,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    begin(inFlight) {
      rests = false;
      line.outstanding = inFlight;
      for (let sent = 0; sent < inFlight; sent += 1) {
        socket.send(encode(first(next++)));
      }
    },
    rest() {
      rests = true;
    },
    free: () => socket.close(),
  };
  socket.onmessage = ({ data }) => {
    const reading = decode(data);
    line.heard += 1;
    if (rests) {
      line.outstanding -= 1;
      return;
    }
    reading.id = next++;
    socket.send(encode(reading));
  };
  return line;
}
