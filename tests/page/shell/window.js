// Runs the lines in this window, with `?worker` in a dedicated Worker, with `?blob` in one whose
// script is a Blob, with `?shared` in a SharedWorker: `ask(request)` promises the answer.

async function inWindow() {
  const { default: init, Page } = await import("./e2e_page.js");
  await init();
  const page = new Page();
  return async (request) => page.perform(request);
}

async function inWorker() {
  const worker = new Worker("worker.js", { type: "module" });
  return askingAt(worker, worker);
}

async function inBlobWorker() {
  const script = `import "${new URL("worker.js", location)}";`;
  const blob = new Blob([script], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(blob), { type: "module" });
  return askingAt(worker, worker);
}

async function inSharedWorker() {
  const worker = new SharedWorker("shared.js", { type: "module" });
  worker.port.start();
  return askingAt(worker.port, worker);
}

async function askingAt(port, worker) {
  const answer = () =>
    new Promise((resolve, reject) => {
      port.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  await answer(); // The worker's first word says that it is ready.
  return (request) => {
    const answered = answer();
    port.postMessage(request);
    return answered;
  };
}

const places = { "?worker": inWorker, "?blob": inBlobWorker, "?shared": inSharedWorker };
globalThis.ask = await (places[location.search] ?? inWindow)();
