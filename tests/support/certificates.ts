/** Certificates for TLS tests, made by openssl: an authority, a server of its on 127.0.0.1, and clients. */
import { debianPackages } from "./apt.ts";
import { commandOutput } from "./command.ts";
import { part } from "./parts.ts";

export interface Certificates {
  /** Each a folder with ca.pem, cert.pem and key.pem. */
  server: string;
  /** A client of the same authority. */
  trusted: string;
  /** A client of another authority. */
  foreign: string;
}

export async function certificates(): Promise<Certificates> {
  const folder = await part("certificates", async (target) => {
    await debianPackages("openssl");
    for (const authority of ["ours", "theirs"]) {
      await Deno.mkdir(`${target}/${authority}`, { recursive: true });
      await openssl(`${target}/${authority}`, [
        ..."req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout key.pem -out ca.pem -subj".split(" "),
        `/CN=${authority}`,
      ]);
    }
    await issue(
      target,
      "ours",
      "server",
      "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth",
    );
    await issue(target, "ours", "trusted", "extendedKeyUsage=clientAuth");
    await issue(target, "theirs", "foreign", "extendedKeyUsage=clientAuth");
  });
  return { server: `${folder}/server`, trusted: `${folder}/trusted`, foreign: `${folder}/foreign` };
}

async function issue(target: string, authority: string, name: string, extensions: string): Promise<void> {
  const folder = `${target}/${name}`;
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/extensions`, extensions);
  const request = "req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj".split(" ");
  await openssl(folder, [...request, `/CN=${name}`]);
  const sign = `x509 -req -days 3650 -in request.pem -out cert.pem -extfile extensions -CAcreateserial`.split(
    " ",
  );
  await openssl(folder, [...sign, "-CA", `../${authority}/ca.pem`, "-CAkey", `../${authority}/key.pem`]);
  await Deno.copyFile(`${target}/${authority}/ca.pem`, `${folder}/ca.pem`);
}

async function openssl(cwd: string, args: string[]): Promise<void> {
  await commandOutput("openssl", args, { cwd });
}
