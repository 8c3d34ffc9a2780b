/** Where the services of this user are, and which of them there are. */
import { existsSync, readdirSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { isTunnelName } from '../../core/hostname.js';
import { agentFilePath } from '../process/sources.js';
import { type Places, type ServicePlatform, servicePlatform } from './platforms.js';

export function findPlaces(): Places {
  const configHome = resolve(agentFilePath(undefined), '..', '..'); // .../postern/config.yaml
  return { home: homedir(), configHome, uid: userInfo().uid };
}

/** The tunnels that have a service; none where the system has no services of ours. */
export function serviceNames(platform: ServicePlatform | undefined = servicePlatform(process.platform)): string[] {
  if (platform === undefined) return [];
  const folder = platform.folder(findPlaces());
  const names = existsSync(folder) ? readdirSync(folder).flatMap((file) => platform.nameIn(file) ?? []) : [];
  return names.filter((each) => isTunnelName(each));
}
