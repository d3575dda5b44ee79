// Prints the sizes of files as JSON: bytes, gzip at level 9, brotli at quality 11.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
for (const file of process.argv.slice(2)) {
  const content = readFileSync(file);
  const gzip = gzipSync(content, { level: 9 }).length;
  const brotli = brotliCompressSync(content, quality).length;
  console.log(JSON.stringify({ bytes: content.length, gzip, brotli }));
}
