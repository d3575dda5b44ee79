// Runs the lines in this window, or with `?worker` in a dedicated Worker: `ask(request)` promises
// the answer either way.

async function inWindow() {
  const { default: init, Page } = await import("./e2e_page.js");
  await init();
  const page = new Page();
  return async (request) => page.perform(request);
}

async function inWorker() {
  const worker = new Worker("worker.js", { type: "module" });
  const answer = () =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  await answer(); // The worker's first word says that it is ready.
  return (request) => {
    const answered = answer();
    worker.postMessage(request);
    return answered;
  };
}

globalThis.ask = await (location.search === "?worker" ? inWorker() : inWindow());
