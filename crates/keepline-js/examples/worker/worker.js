// The line lives here: what the page does never holds it up.
import { connect } from "keepline";

const server = new URLSearchParams(location.search).get("server");
const connecting = connect(server ?? "ws://127.0.0.1:5000/echo");
// Listens at once: what the page says meanwhile waits for the line.
onmessage = async ({ data }) => (await connecting).send({ words: data });

const line = await connecting;
const tell = ({ state }) => postMessage({ state });
line.on("status", tell);
tell(line.status);
for await (const { words } of line) postMessage({ words });
