import { connect, type Status } from "keepline";

interface Said {
  readonly words: string;
}

function element<E extends HTMLElement>(selector: string): E {
  const found = document.querySelector<E>(selector);
  if (!found) throw new Error(`there is no ${selector}`);
  return found;
}

const server = new URLSearchParams(location.search).get("server");
const line = await connect<Said, Said>(server ?? "ws://127.0.0.1:5000/echo");

const show = ({ state }: Status): void => {
  element<HTMLOutputElement>("#status").value = state;
};
line.on("status", show);
show(line.status);

element<HTMLFormElement>("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = element<HTMLInputElement>("#words");
  line.send({ words: words.value });
  words.value = "";
});

for await (const { words } of line) {
  const item = document.createElement("li");
  item.textContent = words;
  element("#heard").append(item);
}
