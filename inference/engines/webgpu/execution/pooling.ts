/** From the embeddings of an input's tokens to those of the input. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { Pooling } from "../../engine.ts";

/** Which tokens a pooling looks at: 1 where their embeddings are needed. */
export function wantedFor(pooling: Pooling, length: number): Uint8Array {
  if (pooling === "rank") {
    throw new SkiffError("unsupported", "This engine has no ranking heads", { hint: "Use --engine llama." });
  }
  const wanted = new Uint8Array(length);
  if (pooling === "mean") return wanted.fill(1);
  wanted[pooling === "cls" ? 0 : length - 1] = 1;
  return wanted;
}

/** One vector of the rows that `wantedFor` asked for. */
export function pool(pooling: Pooling, rows: Float32Array[]): Float32Array {
  if (pooling !== "mean") return rows[0].slice();
  const mean = new Float32Array(rows[0].length);
  for (const row of rows) for (let i = 0; i < row.length; i++) mean[i] += row[i] / rows.length;
  return mean;
}
