// Writes down what nobody should have to read: errors and rejections that nobody took care of, and
// every word on the console.

globalThis.complaints = [];

addEventListener("error", ({ message }) => complaints.push(`uncaught: ${message}`));
addEventListener("unhandledrejection", ({ reason }) => complaints.push(`unhandled: ${reason}`));

for (const level of ["debug", "info", "log", "warn", "error"]) {
  const say = console[level];
  console[level] = (...words) => {
    complaints.push(`${level}: ${words.join(" ")}`);
    say.apply(console, words);
  };
}
