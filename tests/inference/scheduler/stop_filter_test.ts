import { deepStrictEqual as equal } from "node:assert";
import { StopFilter } from "../../../inference/scheduler/stop_filter.ts";

const cases: { text: string; stops: string[]; shown: string; stop?: string }[] = [
  { text: "hello world", stops: [], shown: "hello world" },
  { text: "hello world", stops: ["wor"], shown: "hello ", stop: "wor" },
  { text: "aaab", stops: ["aab"], shown: "a", stop: "aab" },
  { text: "abcd", stops: ["abcx", "c"], shown: "ab", stop: "c" },
  { text: "abc", stops: ["abc", "b"], shown: "a", stop: "b" },
  { text: "abc", stops: ["bc", "abc"], shown: "", stop: "abc" },
  { text: "one\n\ntwo", stops: ["\n\n"], shown: "one", stop: "\n\n" },
  { text: "one\n", stops: ["\n\n"], shown: "one\n" },
  { text: "x", stops: [""], shown: "x" },
];

Deno.test("StopFilter finds the same stop string at every split of the text", () => {
  for (const { text, stops, shown, stop } of cases) {
    for (let splits = 0; splits < 1 << (text.length - 1); splits++) {
      const filter = new StopFilter(stops);
      let out = "";
      let met: string | undefined;
      let piece = "";
      for (let i = 0; i < text.length && met === undefined; i++) {
        piece += text[i];
        if (i < text.length - 1 && !(splits & (1 << i))) continue;
        const step = filter.push(piece);
        out += step.text;
        met = step.stop;
        piece = "";
      }
      if (met === undefined) out += filter.end();
      equal({ out, met }, { out: shown, met: stop }, `${text} / ${stops} split ${splits.toString(2)}`);
    }
  }
});

Deno.test("StopFilter withholds text only while it can begin a stop string", () => {
  const filter = new StopFilter(["\nUser:"]);
  equal(filter.push("Hi\nUs").text, "Hi");
  equal(filter.push("ual").text, "\nUsual");
});
