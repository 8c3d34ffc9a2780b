/**
 * Imports `oidc-provider` without the warning that it writes when it is loaded on Node 20, which is meant for those
 * who run a real identity provider and would stand at the top of every demo.
 */
const { warn } = console;
console.warn = () => {};
const { default: Provider, interactionPolicy } = await import('oidc-provider');
console.warn = warn;

export { interactionPolicy, Provider };
