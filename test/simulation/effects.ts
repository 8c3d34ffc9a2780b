/** What disturbances bring about: a run that is long enough has each of them, or it has tested less than it says. */
export const EFFECTS = [
  'agent asked for a name: alive',
  'agent asked for a name: gone',
  'all read again',
  'all read again, older than before',
  'command without reply',
  'lease ended',
  'link dialled again',
  'link moved when asked',
  'links at several nodes',
  'offer refused: draining',
  'offer refused: name taken',
  'offer refused: store away',
  'other node not reached',
  'reply lost',
  'request refused by the other node',
  'request relayed',
] as const;

export type Effect = (typeof EFFECTS)[number];
