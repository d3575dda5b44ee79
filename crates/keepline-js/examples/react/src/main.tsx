import { type FormEvent, StrictMode, useCallback, useState } from "react";
import { createRoot } from "react-dom/client";
import { useLine } from "./useLine";

interface Said {
  readonly words: string;
}

const server = new URLSearchParams(location.search).get("server") ?? "ws://127.0.0.1:5000/echo";

function Echo() {
  const [heard, setHeard] = useState<Said[]>([]);
  const onMessage = useCallback((said: Said) => setHeard((former) => [...former, said]), []);
  const { line, status } = useLine<Said, Said>(server, onMessage);

  function say(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const words = new FormData(event.currentTarget).get("words");
    line?.send({ words: String(words) });
    event.currentTarget.reset();
  }

  return (
    <>
      <h1>Echo</h1>
      <p>
        The line is <output id="status">{status.state}</output>.
      </p>
      <form onSubmit={say}>
        <label>
          Say <input id="words" name="words" autoComplete="off" required />
        </label>
        <button>Send</button>
      </form>
      <ol id="heard">
        {heard.map(({ words }, at) => (
          <li key={at}>{words}</li>
        ))}
      </ol>
    </>
  );
}

const root = document.querySelector("main");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Echo />
    </StrictMode>,
  );
}
