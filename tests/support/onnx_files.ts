/** Files of an ONNX model's folder by their names in its layout, as an engine is given them. */
export async function onnxFiles(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const take = async (prefix: string) => {
    for await (const { name, isDirectory } of Deno.readDir(`${folder}/${prefix}`)) {
      if (isDirectory) await take(`${prefix}${name}/`);
      else files[prefix + name] = `${folder}/${prefix}${name}`;
    }
  };
  await take("");
  return files;
}
