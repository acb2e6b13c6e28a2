/** onnxruntime-web and transformers.js for tests, kept with the other parts. */
import { onnxFiles } from "../../inference/engines/onnx/package_table.ts";
import { installFiles, type InstallOptions } from "../../inference/engines/packages/install.ts";
import { partsFolder } from "./parts.ts";

export async function onnxRuntime(): Promise<InstallOptions> {
  const install = { root: `${partsFolder}/native` };
  await installFiles(onnxFiles, install);
  return install;
}
