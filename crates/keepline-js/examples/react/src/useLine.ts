import { connect, type Line, type Status } from "keepline";
import { useEffect, useState } from "react";

/**
 * A line that lives as long as the component is mounted, and where it stands. `StrictMode` mounts
 * twice: the first line is then closed before it has opened a socket.
 */
export function useLine<Out, In>(
  url: string,
  onMessage: (message: In) => void,
): { line: Line<Out, In> | undefined; status: Status } {
  const [line, setLine] = useState<Line<Out, In>>();
  const [status, setStatus] = useState<Status>({ state: "idle" });
  useEffect(() => {
    const unmounted = new AbortController();
    void connect<Out, In>(url, { signal: unmounted.signal }).then((line) => {
      if (unmounted.signal.aborted) return;
      line.on("status", setStatus);
      line.on("message", onMessage);
      setStatus(line.status);
      setLine(line);
    });
    return () => unmounted.abort();
  }, [url, onMessage]);
  return { line, status };
}
