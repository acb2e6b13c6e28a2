import { deepStrictEqual as equal, ok } from "node:assert";
import { showProgress, type TransferMessage } from "../../../core/progress/mod.ts";

const id = "sha256:2af3b81862c6aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

function progress(current: number, { size = 270_000_000, layer = id } = {}): TransferMessage {
  return {
    type: "progress",
    message: "",
    total: 270_000_000,
    layer: { id: layer, size, current },
    mode: "pull",
  };
}

function remark(type: TransferMessage["type"], message: string): TransferMessage {
  return { type, message, total: 0, layer: { size: 0, current: 0 }, mode: "pull" };
}

/** Shows messages at given milliseconds and gives what was written. */
function shown(terminal: boolean, messages: [number, TransferMessage][], columns = 80): string {
  let time = 0;
  let text = "";
  const view = showProgress({ terminal, columns, write: (piece) => text += piece, clock: () => time });
  for (const [at, message] of messages) {
    time = at;
    view.show(message);
  }
  view.close();
  return text;
}

Deno.test("without a terminal there are plain lines at a calm rate, remarks and the outcome", () => {
  const lines = shown(false, [
    [0, remark("warning", "Cannot use a: b")],
    [0, progress(0)],
    [100, progress(5_000_000)],
    [200, progress(12_340_000)],
    [2300, progress(100_000_000)],
    [2400, progress(270_000_000)],
    [2500, remark("success", "Model pulled successfully")],
  ]);
  equal(lines.split("\n"), [
    "Warning: Cannot use a: b",
    "Downloaded 0B of 270.00MB",
    "Downloaded 100.00MB of 270.00MB",
    "Downloaded 270.00MB of 270.00MB",
    "Model pulled successfully",
    "",
  ]);
});

Deno.test("plain lines add up the layers, and pushes are uploads", () => {
  const push = { ...progress(1_000_000, { layer: "b" }), mode: "push" as const };
  equal(
    shown(false, [[0, { ...progress(2_000_000), mode: "push" }], [5000, push]]),
    [
      "Uploaded 2.00MB of 270.00MB\nUploaded 3.00MB of 270.00MB\n",
    ].join(""),
  );
});

Deno.test("a terminal gets a bar for each layer, with speed and time left, redrawn in place", () => {
  const text = shown(true, [[0, progress(0)], [10_000, progress(90_000_000)], [
    10_050,
    progress(91_000_000, { layer: "other" }),
  ]]);
  ok(text.startsWith("2af3b81862c6: Waiting\n"));
  ok(text.includes("\x1b[1A\r\x1b[J2af3b81862c6: Downloading ["));
  ok(text.includes("] 90.0MB/270.0MB  9.0MB/s  20s\n"), JSON.stringify(text));
  ok(text.includes("other: Downloading"));
});

Deno.test("a terminal's bars end in Pull complete, below the remarks, and are never wider than it", () => {
  const text = shown(true, [[0, progress(1)], [1000, progress(200_000_000)], [2000, progress(270_000_000)], [
    2000,
    remark("success", "Model pulled successfully"),
  ]], 40);
  ok(text.includes("2af3b81862c6: Pull complete  270.0MB\n"));
  // deno-lint-ignore no-control-regex
  const lines = text.replace(/\x1b\[\d*[AJ]|\r/g, "").split("\n");
  ok(lines.every((line) => line.length <= 40));
});
