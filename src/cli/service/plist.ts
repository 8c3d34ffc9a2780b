/** The property list of launchd for an agent of one user (launchd.plist(5)). It names the file of the token, which only its owner may read. */
import { MARK, type ServiceAgent } from './plan.js';

/** The label of a tunnel's service. */
export function label(name: string): string {
  return `dev.postern.${name}`;
}

/** The whole list. `logPath` gets what the agent prints. */
export function plistText({ name, command, tokenPath, env }: ServiceAgent, logPath: string): string {
  const token = tokenPath === undefined ? [] : ['--token-file', tokenPath];
  const settings = Object.entries(env).map(
    ([key, value]) => `    <key>${xml(key)}</key><string>${xml(value)}</string>\n`,
  );
  const environment =
    settings.length === 0 ? '' : `  <key>EnvironmentVariables</key>\n  <dict>\n${settings.join('')}  </dict>\n`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- ${MARK} -->
<plist version="1.0">
<dict>
  <key>Label</key><string>${label(name)}</string>
  <key>ProgramArguments</key>
  <array>
${[...command, ...token].map((text) => `    <string>${xml(text)}</string>\n`).join('')}  </array>
${environment}  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>ThrottleInterval</key><integer>10</integer>
  <key>Umask</key><integer>63</integer>
  <key>StandardOutPath</key><string>${xml(logPath)}</string>
  <key>StandardErrorPath</key><string>${xml(logPath)}</string>
</dict>
</plist>
`;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
