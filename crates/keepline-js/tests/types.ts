// Every export of the package, as somebody uses it who has `strict` on: it only has to compile.
import {
  type Codec,
  connect,
  type Counters,
  type Data,
  DeliveryError,
  EndedError,
  type Endpoint,
  type EndpointFunction,
  type Events,
  type Fate,
  KeeplineError,
  KeeplineWebSocket,
  type KeeplineWebSocketClass,
  type KeeplineWebSocketConstructor,
  type KeeplineWebSocketOptions,
  Line,
  type Occasion,
  type Options,
  type Probe,
  type Provided,
  type Reason,
  SendError,
  type SendOptions,
  type Status,
  StopError,
  UnsupportedError,
  type Why,
} from "keepline";

interface Say {
  readonly words: string;
}

interface Said extends Say {
  readonly from: string;
}

const codec: Codec<Say, Said> = {
  encode: ({ words }) => new TextEncoder().encode(words),
  decode: (data: Data): Said => ({ from: "", words: String(data) }),
};
const probe: Probe = { send: "ping", answer: (data) => data === "pong", idleMs: 5_000 };
const options: Options<Say, Said> = {
  codec,
  probe,
  onClosed: ({ code }) => (code === 4001 ? "end" : undefined),
};
const endpoint: Endpoint = { url: new URL("wss://example.org"), expiresInMs: 60_000 };
const provide: EndpointFunction = async (why: Occasion, signal: AbortSignal) => {
  if (why === "refusal" || signal.aborted) throw new StopError("logged out");
  return endpoint;
};

/** What of a status there is to say; the compiler knows when there is a reason. */
function words(status: Status): string {
  switch (status.state) {
    case "online":
      return status.subprotocol;
    case "waiting":
      return `${status.why.reason satisfies Reason} until ${status.retryAtMs}`;
    case "ended":
      return (status.why satisfies Why).words;
    case "connecting":
      return String(status.attempt);
    case "idle":
    case "closing":
      return status.state;
  }
}

export async function use(): Promise<void> {
  await using line: Line<Say, Said> = await connect<Say, Said>(provide, options);
  const off: () => void = line.on("status", (status) => words(status));
  line.on("message", ({ from }: Said) => from);
  line.on("undelivered", ({ fate, mayHaveArrived }: Events["undelivered"]) => [
    fate,
    mayHaveArrived,
  ]);
  // @ts-expect-error there is no such event
  line.on("open", () => {});
  // @ts-expect-error a number is nothing to say
  line.send(7);
  const terms: SendOptions = { latest: "cursor", expiresMs: 100, dropOldest: true };
  const id: number = line.send({ words: "hello" }, terms);
  line.cancel(id);
  off();
  try {
    await line.delivered(id);
    await line.ready(100);
  } catch (error) {
    if (error instanceof DeliveryError) error.code satisfies Fate;
    else if (error instanceof EndedError) error.why?.reason satisfies Reason | undefined;
    else if (error instanceof SendError)
      error.code satisfies "full" | "ended" | "tooLarge" | "unserializable";
    else if (error instanceof UnsupportedError || error instanceof KeeplineError)
      error.code satisfies string;
  }
  for await (const { from } of line) from satisfies string;
  line.counters satisfies Readonly<Counters>;
  line.queued.bytes satisfies number;
  line.roundTripMs satisfies number | undefined;
  (await line.finish(1_000)) satisfies Why;
  line.close(4_000, "done");
}

/** Why it may be sent again; the compiler knows all words. */
function again(fate: Fate): boolean {
  switch (fate) {
    case "neverSent":
    case "notTaken":
    case "dropped":
    case "expired":
      return true;
    case "tooLarge":
    case "replaced":
    case "cancelled":
    case "lineLost":
    case "sessionLost":
    case "ended":
    case "forgotten":
      return false;
  }
}

export async function text(settings: Options<string, Data>): Promise<void> {
  const line = await connect("wss://example.org", { codec: "raw" });
  line.send("text");
  line.send(new Uint8Array(1));
  // @ts-expect-error it is neither text nor bytes
  line.send({ not: "raw" });
  for await (const data of line) data satisfies string | ArrayBuffer;
  line.on("message", (data) => data satisfies string | ArrayBuffer);
  line.on("undelivered", ({ fate }) => again(fate));
  // @ts-expect-error no message ends so
  line.on("undelivered", ({ fate }) => fate === "delivered");
  const told: Line<string, Data> = await connect<string, Data>("/", { codec: "raw" });
  const same: typeof told = await connect("/", { ...settings, session: true });
  // @ts-expect-error an object is nothing that `raw` takes
  await connect<Say, Data>("/", { codec: "raw" });
  // What a helper says of `connect` is meant of any line.
  const any: Awaited<ReturnType<typeof connect>> = await connect("/", { session: true });
  const asked: Parameters<typeof connect> = ["/", { session: true }];
  const chosen: Options = { codec: "raw" };
  void [any, asked, chosen];
  // @ts-expect-error bytes may come too
  await connect<string, string>("/", { codec: "raw" });
  // @ts-expect-error there is no such codec
  await connect("/", { codec: "xml" });
  // @ts-expect-error `connect` makes lines
  new Line();
  // @ts-expect-error a number is no text
  same.send(7);
}

const url: Provided<string> = async () => "wss://example.org";
const settings: KeeplineWebSocketOptions = { reconnect: true };
const socket: WebSocket = new KeeplineWebSocket(url, ["chat"], settings);
socket.onmessage = ({ data }) => data as unknown;
const whole: KeeplineWebSocketConstructor = KeeplineWebSocket;
const patient: KeeplineWebSocketClass = whole.with({ maxAttempts: 5 });
new patient("wss://example.org").retryCount satisfies number;
// @ts-expect-error such a class has no `with`
patient.with({});
const native: typeof WebSocket = whole.with({ reconnect: false });
// @ts-expect-error the browser's own does not reconnect
new native("wss://example.org").reconnect();
const isPong = (data: string | ArrayBuffer | Blob): boolean => data instanceof Blob;
whole.with({ probe: { send: "ping", answer: isPong } });
// @ts-expect-error a binary answer is a Blob, unless `binaryType` says otherwise
whole.with({ probe: { send: "ping", answer: (data: string | ArrayBuffer) => !!data } });
