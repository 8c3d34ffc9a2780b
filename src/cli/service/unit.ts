/**
 * The unit of systemd for an agent of one user (systemd.unit(5)). The token is a credential of the unit (`LoadCredential=`), never
 * part of its environment, which every process of the user can read.
 */
import { MARK, type ServiceAgent } from './plan.js';

/** What every unit of an agent has; `deploy/systemd/postern-agent@.service` has the same lines. */
export const UNIT_SETTINGS = `Restart=on-failure
RestartSec=5
# 4: signed out, or refused for good. Trying again helps nobody.
RestartPreventExitStatus=2 4

NoNewPrivileges=yes
UMask=0077
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
`;

/** The whole unit. */
export function unitText({ name, command, tokenPath, env, envPath }: ServiceAgent): string {
  // The folder of a unit's credentials is known only once it runs.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: systemd expands it
  const token = tokenPath === undefined ? [] : ['--token-file', '"${CREDENTIALS_DIRECTORY}/token"'];
  const lines = [
    `ExecStart=${[...command.map(word), ...token].join(' ')}`,
    ...Object.entries(env).map(([key, value]) => `Environment=${setting(`${key}=${value}`)}`),
    `EnvironmentFile=-${specifiers(envPath)}`,
    ...(tokenPath === undefined ? [] : [`LoadCredential=token:${specifiers(tokenPath)}`]),
  ];
  return `# ${MARK}; "postern service remove ${name}" removes it.
[Unit]
Description=Postern agent of the tunnel ${name}

[Service]
${lines.join('\n')}
${UNIT_SETTINGS}`;
}

/** A word of a command line (systemd.service(5), "Command lines"): no variable, no specifier, whatever it holds. */
function word(text: string): string {
  return setting(text).replaceAll('$', '$$$$');
}

function setting(text: string): string {
  return `"${specifiers(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function specifiers(text: string): string {
  return text.replaceAll('%', '%%');
}
