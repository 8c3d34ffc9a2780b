/** The request and the response of an exchange: headers, trailers, query and body. */
import { type Body, type ExchangeDetail, type HeaderRow, MASK } from '../../wire.js';
import { type FormRow, queryRows } from '../body/form.js';
import { loadBody, type Side } from '../state/source.js';
import { recording } from '../state/store.js';
import { bodyWords } from '../words/body.js';
import { countText, sizeText } from '../words/units.js';
import { BodyView } from './body-view.js';
import { useLoaded } from './hooks.js';
import { Act, CopyButton, Problem } from './parts.js';

interface SideProps {
  readonly detail: ExchangeDetail;
  readonly onReveal: () => void;
}

export function RequestSide({ detail, onReveal }: SideProps) {
  const query = queryRows(detail.path);
  return (
    <>
      {query.length > 0 && <Pairs title="Query" rows={query} />}
      <Headers rows={detail.request.headers} masked={detail.masked} onReveal={onReveal} />
      <BodyOf detail={detail} side="request" body={detail.request.body} />
    </>
  );
}

export function ResponseSide({ detail, onReveal }: SideProps) {
  const { response } = detail;
  if (response === null)
    return <p class="none">{detail.state === 'open' ? 'No response yet.' : 'There was no response.'}</p>;
  return (
    <>
      <BodyOf detail={detail} side="response" body={response.body} />
      <Headers rows={response.headers} masked={detail.masked} onReveal={onReveal} />
      {response.trailers.length > 0 && <Pairs title="Trailers" rows={response.trailers} />}
    </>
  );
}

function Headers({
  rows,
  masked,
  onReveal,
}: {
  readonly rows: readonly HeaderRow[];
  readonly masked: boolean;
  readonly onReveal: () => void;
}) {
  const hasSecrets = masked && rows.some(([, value]) => value.includes(MASK));
  return (
    <Pairs title="Headers" rows={rows}>
      {hasSecrets && <Act label="Show secrets" icon="eye" onClick={onReveal} />}
    </Pairs>
  );
}

/** Names and values, each to be copied. */
export function Pairs({
  title,
  rows,
  children,
}: {
  readonly title: string;
  readonly rows: readonly FormRow[];
  readonly children?: preact.ComponentChildren;
}) {
  return (
    <section class="pairs">
      <div class="section-head">
        <h3>
          {title} <span class="count">{rows.length}</span>
        </h3>
        {children}
      </div>
      {rows.length === 0 ? (
        <p class="none">None.</p>
      ) : (
        <dl>
          {rows.map(([name, value], at) => (
            <div key={at}>
              <dt>{name}</dt>
              <dd class={value.includes(MASK) ? 'masked' : ''}>
                {value}
                <CopyButton text={value} what={name} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function BodyOf({
  detail,
  side,
  body,
}: {
  readonly detail: ExchangeDetail;
  readonly side: Side;
  readonly body: Body | null;
}) {
  const { id, state } = detail;
  const loaded = useLoaded(
    () => (body === null || body.kept === 0 ? Promise.resolve(undefined) : loadBody(id, side)),
    [`${id} ${side}`, state, body?.kept, recording.value],
  );
  if (body === null || body.bytes === 0)
    return <p class="none">No body{state === 'open' && side === 'response' ? ' yet' : ''}.</p>;
  return (
    <section class="body">
      <div class="section-head">
        <h3>
          Body <span class="count">{bodyWords(body)}</span>
        </h3>
      </div>
      {loaded.error !== undefined && <Problem>{loaded.error}</Problem>}
      {body.kept === 0 && <p class="none">Nothing of it was kept.</p>}
      {loaded.value?.decodeError !== undefined && (
        <Problem>It could not be decoded ({loaded.value.decodeError}): these are its bytes as they passed.</Problem>
      )}
      {loaded.value?.isCut && (
        <p class="none">Decoded it is larger: this is its first {sizeText(loaded.value.bytes.length)}.</p>
      )}
      {loaded.value !== undefined && (
        <BodyView
          bytes={loaded.value.bytes}
          contentType={body.type}
          isCut={body.kept < body.bytes || loaded.value.isCut}
        />
      )}
      {loaded.value === undefined && loaded.error === undefined && body.kept > 0 && (
        <p class="none">{countText(body.kept, 'byte')}…</p>
      )}
    </section>
  );
}
