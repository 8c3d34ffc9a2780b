/**
 * What an OAuth client learns of a tunnel that is a protected resource: the metadata (RFC 9728), which everyone may read, and
 * the challenge that leads there (section 5.1).
 */
import { type BaseAddress, tunnelOrigin } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import { describedResource, metadataUrl } from '../request/resource-metadata.js';
import { type Reply, tunnelName, type VisitRequest } from '../request/visit.js';
import { isPreflight, openPreflightReply, openToPages } from './open-to-pages.js';
import { jsonReply } from './reply.js';

/** Throws `ERR_NOT_FOUND` for a path that can be no resource, and `ERR_METHOD_REFUSED`. */
export function resourceMetadataReply(base: BaseAddress, visit: VisitRequest): Reply {
  if (isPreflight(visit)) return openPreflightReply('GET, HEAD');
  if (visit.method !== 'GET' && visit.method !== 'HEAD') throw new PosternError('ERR_METHOD_REFUSED');
  const name = tunnelName(visit);
  const resource = describedResource(tunnelOrigin(base, name), visit.path);
  if (resource === undefined) throw new PosternError('ERR_NOT_FOUND', 'no path of a resource');
  const metadata = {
    resource,
    authorization_servers: [base.origin],
    bearer_methods_supported: ['header'],
    resource_name: name,
  };
  return openToPages(jsonReply(metadata, { 'Cache-Control': 'public, max-age=300' }));
}

/** The value of `WWW-Authenticate` for a request that came without a token, or with one that counts no more. */
export function bearerChallenge(base: BaseAddress, visit: VisitRequest, token: 'none' | 'invalid'): string {
  const error = token === 'invalid' ? 'error="invalid_token", ' : '';
  return `Bearer ${error}resource_metadata="${metadataUrl(tunnelOrigin(base, tunnelName(visit)), visit.path)}"`;
}
