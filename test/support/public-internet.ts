/**
 * Loaded with `--import` into an edge under test: names of hosts that the test has made up have the addresses of
 * `TEST_ADDRESSES` (JSON), and once the edge has accepted an address of one, what it dials there is port `TEST_PORT` of this
 * machine. The edge looks up, checks and connects as ever: nothing of its own is replaced.
 */
import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import net, { type TcpSocketConnectOpts } from 'node:net';

const ADDRESSES = JSON.parse(process.env['TEST_ADDRESSES'] ?? '{}') as Readonly<Record<string, readonly string[]>>;
const PORT = Number(process.env['TEST_PORT']);
const HERE: LookupAddress = { address: '127.0.0.1', family: 4 };

const unknown = () => Promise.reject(Object.assign(new Error('no such name here'), { code: 'ENOTFOUND' }));
const answer = (host: string, family: number) => ADDRESSES[host]?.filter((address) => net.isIP(address) === family);
// No name server is asked, also not about other names: that would take its time where there is none.
Resolver.prototype.resolve4 = ((host: string) => Promise.resolve(answer(host, 4) ?? unknown())) as Resolver['resolve4'];
Resolver.prototype.resolve6 = ((host: string) => Promise.resolve(answer(host, 6) ?? unknown())) as Resolver['resolve6'];

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  const [normalized] = args;
  const options = (Array.isArray(normalized) ? normalized[0] : normalized) as Partial<TcpSocketConnectOpts> | undefined;
  const lookup = options?.lookup;
  if (options?.host !== undefined && ADDRESSES[options.host] !== undefined && lookup !== undefined) {
    options.port = PORT;
    options.lookup = (host, asked, found) =>
      lookup(host, asked, (error, address, family) => {
        if (error !== null) found(error, address, family);
        else if (asked.all) found(null, [HERE]);
        else found(null, HERE.address, HERE.family);
      });
  }
  return Reflect.apply(connect, this, args) as net.Socket;
} as typeof connect;
