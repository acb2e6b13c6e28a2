import { deepStrictEqual as equal } from "node:assert";
import { binarySize, decimalSize, parseSize } from "../../../core/format/byte_size.ts";
import { durationWords, formatDuration, parseDuration, relativeTime } from "../../../core/format/duration.ts";

const sizes: [number, string, string][] = [
  [0, "0B", "0B"],
  [999, "999B", "999B"],
  [1000, "1.00kB", "1000B"],
  [1024, "1.02kB", "1.00KiB"],
  [999_999, "1.00MB", "976.56KiB"],
  [98_362_432, "98.36MB", "93.81MiB"],
  [1_230_000_000, "1.23GB", "1.15GiB"],
];
for (const [bytes, decimal, binary] of sizes) {
  Deno.test(`${bytes} bytes are ${decimal} or ${binary}`, () =>
    equal([decimalSize(bytes), binarySize(bytes)], [decimal, binary]));
}

Deno.test("parseSize reads sizes as users write them", () => {
  const cases: [string, number | undefined][] = [
    ["512", 512],
    ["1.5GB", 1.5e9],
    ["2 GiB", 2 * 1024 ** 3],
    ["10m", 10 * 1024 ** 2],
    ["7b", 7],
    ["", undefined],
    ["-1", undefined],
    ["1.2.3k", undefined],
    ["5x", undefined],
  ];
  for (const [text, bytes] of cases) equal(parseSize(text), bytes, text);
});

Deno.test("parseDuration and formatDuration are Go's", () => {
  const cases: [string, number | undefined, string?][] = [
    ["30m", 1_800_000, "30m0s"],
    ["1h2m3.5s", 3_723_500, "1h2m3.5s"],
    ["-1s", -1000, "-1s"],
    ["250ms", 250, "250ms"],
    ["1.5us", 0.0015, "1.5µs"],
    ["0", 0, "0s"],
    ["+5s", 5000, "5s"],
    ["5", undefined],
    ["", undefined],
    ["1h 2m", undefined],
    ["h", undefined],
  ];
  for (const [text, ms, formatted] of cases) {
    equal(parseDuration(text), ms, text);
    if (ms !== undefined) equal(formatDuration(ms), formatted);
  }
});

Deno.test("durationWords and relativeTime speak as Docker does", () => {
  const minute = 60_000, hour = 60 * minute, day = 24 * hour;
  const cases: [number, string][] = [
    [500, "Less than a second"],
    [1000, "1 second"],
    [59_000, "59 seconds"],
    [minute, "About a minute"],
    [4.5 * minute, "4 minutes"],
    [hour, "About an hour"],
    [5 * hour, "5 hours"],
    [3 * day, "3 days"],
    [20 * day, "2 weeks"],
    [90 * day, "3 months"],
    [800 * day, "2 years"],
  ];
  for (const [ms, words] of cases) equal(durationWords(ms), words);
  equal([relativeTime(4 * minute, 0), relativeTime(0, 14 * day)], ["4 minutes from now", "2 weeks ago"]);
});
