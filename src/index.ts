/** Postern as a library: an edge or an agent inside another program. What is not exported here may change at any time. */
export {
  type Agent,
  type AgentEvents,
  type AgentOptions,
  startAgent,
} from './agent/agent.js';
export type { ServerTarget } from './agent/target/process-server.js';
export type { RequestRecord } from './agent/target/request-record.js';
export type { ListenAddress } from './config/addresses.js';
export { type AgentConfig, loadAgentConfig } from './config/agent-config.js';
export { ConfigError } from './config/config-error.js';
export { type EdgeConfig, loadEdgeConfig } from './config/edge-config.js';
export type { Endpoint, InheritedSocket } from './config/endpoints.js';
export { ListenError } from './config/listen-error.js';
export type { Sources } from './config/sources.js';
export type { LogLevel } from './config/values.js';
export type { BaseAddress, HostHeader } from './core/hostname.js';
export { type Log, type LogFields, silentLog } from './core/log.js';
export type { Rule } from './core/rule.js';
export { type Edge, startEdge } from './edge/edge.js';
export { type ErrorCode, PosternError } from './errors.js';
export type { Knock } from './integrations/knock-list.js';
export { openTunnel, type TunnelOptions } from './integrations/open-tunnel.js';
export type { Access, Tunnel, TunnelEvents, TunnelStatus } from './integrations/tunnel.js';
export { createToken, type TokenRequest } from './link/token.js';
