// `for await` at the top level of a module needs no older target.
export default { build: { target: "es2022" } };
