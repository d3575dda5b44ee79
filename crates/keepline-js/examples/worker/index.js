const worker = new Worker(new URL(`worker.js${location.search}`, import.meta.url), {
  type: "module",
});
const element = (id) => document.getElementById(id);

worker.onmessage = ({ data: { state, words } }) => {
  if (state) element("status").value = state;
  if (words === undefined) return;
  const item = document.createElement("li");
  item.textContent = words;
  element("heard").append(item);
};

document.querySelector("form").onsubmit = (event) => {
  event.preventDefault();
  worker.postMessage(element("words").value);
  event.target.reset();
};
