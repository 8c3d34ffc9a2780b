import { headers } from 'next/headers';
import { createVerifier } from 'postern/verify';

// One for the app: it keeps the keys of the edge.
const verifier = createVerifier({ edge: process.env.POSTERN_EDGE, tunnel: process.env.TUNNEL_URL });

export default async function Page() {
  const { email } = await verifier.verify(await headers());
  return <h1>Hello {email}</h1>;
}
