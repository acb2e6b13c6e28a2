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
  /** A server and a client of ours whose time is over. */
  expiredServer: string;
  expired: string;
}

export async function certificates(): Promise<Certificates> {
  const folder = await part("certificates-2", async (target) => {
    await debianPackages("openssl");
    for (const authority of ["ours", "theirs"]) {
      await Deno.mkdir(`${target}/${authority}`, { recursive: true });
      await openssl(`${target}/${authority}`, [
        ..."req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout key.pem -out ca.pem -subj".split(" "),
        `/CN=${authority}`,
      ]);
    }
    const server = "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth";
    await issue(target, "ours", "server", server);
    await issue(target, "ours", "expired-server", server, -1);
    await issue(target, "ours", "expired", "extendedKeyUsage=clientAuth", -1);
    await issue(target, "ours", "trusted", "extendedKeyUsage=clientAuth");
    await issue(target, "theirs", "foreign", "extendedKeyUsage=clientAuth");
  });
  return {
    server: `${folder}/server`,
    trusted: `${folder}/trusted`,
    foreign: `${folder}/foreign`,
    expiredServer: `${folder}/expired-server`,
    expired: `${folder}/expired`,
  };
}

async function issue(
  target: string,
  authority: string,
  name: string,
  extensions: string,
  days = 3650,
): Promise<void> {
  const folder = `${target}/${name}`;
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/extensions`, extensions);
  const request = "req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj".split(" ");
  await openssl(folder, [...request, `/CN=${name}`]);
  const sign = `x509 -req -days ${days} -in request.pem -out cert.pem -extfile extensions -CAcreateserial`
    .split(
      " ",
    );
  await openssl(folder, [...sign, "-CA", `../${authority}/ca.pem`, "-CAkey", `../${authority}/key.pem`]);
  await Deno.copyFile(`${target}/${authority}/ca.pem`, `${folder}/ca.pem`);
}

async function openssl(cwd: string, args: string[]): Promise<void> {
  await commandOutput("openssl", args, { cwd });
}
