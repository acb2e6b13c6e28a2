/** A process that pulls `reference` into `folder` and prints its bytes, to be killed by tests. */
import { openStore } from "../../inference/store/mod.ts";

const [folder, reference] = Deno.args;
const { model } = await openStore(folder, { aliases: {} }).pull(reference, {
  onProgress: ({ layer, type }) => console.log(`${type} ${layer.current}/${layer.size}`),
});
console.log(`done ${model.id}`);
