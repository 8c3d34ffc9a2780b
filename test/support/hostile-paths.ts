/** Request targets that some reader takes for something below `/webhooks/` and another one for `/admin`, or the reverse. */

/** None of them may be admitted by the public paths `POST /webhooks/*` and `GET /health`; the first word is the method. */
export const HOSTILE_PATHS: readonly string[] = [
  // dot segments, plain and encoded
  ...['POST /webhooks/../admin', 'POST /webhooks/x/../../admin', 'POST /webhooks/..', 'POST /webhooks/.'],
  ...['POST /webhooks/./x', 'POST /webhooks/x/.', 'POST /./webhooks/x', 'POST /x/../webhooks/x'],
  ...['POST /webhooks/%2e%2e/admin', 'POST /webhooks/%2E%2E/admin', 'POST /webhooks/.%2e/admin'],
  ...['POST /webhooks/%2e./admin', 'POST /webhooks/%2e/x', 'POST /webhooks/%2e', 'POST /webhooks/...//admin'],
  ...['POST /webhooks/..%2fadmin', 'POST /webhooks/..%2Fadmin', 'POST /webhooks/%2e%2e%2fadmin'],
  ...['POST /webhooks/..%20/admin', 'POST /webhooks/x..', 'POST /webhooks/.../admin'],
  // encoded twice, or overlong
  ...['POST /webhooks/%252e%252e/admin', 'POST /webhooks/%25%32%65%25%32%65/admin', 'POST /webhooks/%252fadmin'],
  ...[
    'POST /webhooks/%c0%ae%c0%ae/admin',
    'POST /webhooks/%c0%afadmin',
    'POST /webhooks/%e0%80%af',
    'POST /webhooks/%uff0e',
  ],
  ...['POST /webhooks/%ef%bc%8e%ef%bc%8e/admin', 'POST /webhooks/\xc0\xae\xc0\xae/admin', 'POST /webhooks/\xe9'],
  // slashes and backslashes
  ...[
    'POST /webhooks//x',
    'POST //webhooks/x',
    'POST //evil.test/webhooks/x',
    'POST /webhooks/x//',
    'POST ///webhooks/x',
  ],
  ...['POST /webhooks/%2f', 'POST /webhooks/%2Fadmin', 'POST /webhooks%2fx', 'POST /%2fwebhooks/x'],
  ...[
    'POST /webhooks/\\..\\admin',
    'POST /webhooks\\x',
    'POST /webhooks/%5c..%5cadmin',
    'POST /webhooks/%5C',
    'POST \\webhooks/x',
  ],
  // parameters, as Java's servers have them
  ...['POST /webhooks/..;/admin', 'POST /webhooks/..;x=y/admin', 'POST /webhooks;/x', 'POST /webhooks/;/x'],
  ...['POST /webhooks/x;jsessionid=1', 'POST /webhooks/.;/x', 'POST /webhooks/%3b/x', 'POST /webhooks/..%3b/admin'],
  // query and fragment
  ...['POST /admin?/webhooks/x', 'POST /admin?x=/webhooks/x', 'POST /?/webhooks/x', 'POST /admin%3f/webhooks/x'],
  ...[
    'POST /webhooks/%3f/../admin',
    'POST /webhooks/%23/../admin',
    'POST /webhooks/x#/../admin',
    'POST /admin#/webhooks/x',
  ],
  ...[
    'POST /webhooks/x?a#b',
    'POST /webhooks/x?\xe9',
    'POST /webhooks?/x',
    'POST /webhooks/%3fx',
    'POST /webhooks/%23x',
  ],
  // controls and what ends a text
  ...['POST /webhooks/%00', 'POST /webhooks/%00/../admin', 'POST /webhooks/x%00.html', 'POST /webhooks/%0d%0aX: y'],
  ...[
    'POST /webhooks/%0a',
    'POST /webhooks/%09',
    'POST /webhooks/%7f',
    'POST /webhooks/%',
    'POST /webhooks/%2',
    'POST /webhooks/%zz',
  ],
  ...[
    'POST /webhooks/<x>',
    'POST /webhooks/"x"',
    'POST /webhooks/{x}',
    'POST /webhooks/x|y',
    'POST /webhooks/`x`',
    'POST /webhooks/^x',
  ],
  // not quite the path
  ...[
    'POST /webhooks',
    'POST /webhooksx/y',
    'POST /Webhooks/x',
    'POST /WEBHOOKS/x',
    'POST /%77ebhooks/x',
    'POST /x/webhooks/y',
  ],
  ...['POST http://demo.localhost/webhooks/x', 'POST *', 'POST /'],
  ...[
    'GET /health/',
    'GET /health/x',
    'GET /healthx',
    'GET /health%20',
    'GET /health%00',
    'GET /%68ealth',
    'GET /health;x',
  ],
  ...['GET /health.', 'GET /HEALTH', 'GET //health', 'GET /health/..', 'GET /health/../admin'],
  // not quite the method
  ...[
    'GET /webhooks/x',
    'HEAD /webhooks/x',
    'PUT /webhooks/x',
    'DELETE /webhooks/x',
    'OPTIONS /webhooks/x',
    'PATCH /webhooks/x',
  ],
  ...[
    'HEAD /health',
    'POST /health',
    'OPTIONS /health',
    'PROPFIND /health',
    'TRACE /health',
    'get /health',
    'post /webhooks/x',
  ],
];

/** What is admitted by those two. */
export const PUBLIC_REQUESTS: readonly string[] = [
  ...[
    'POST /webhooks/',
    'POST /webhooks/x',
    'POST /webhooks/x/',
    'POST /webhooks/stripe/v1.2',
    'POST /webhooks/a-b_c~d',
  ],
  ...[
    'POST /webhooks/x?y=../z',
    'POST /webhooks/x?/../../admin',
    'POST /webhooks/a%20b',
    'POST /webhooks/ana%40acme.com',
  ],
  ...[
    "POST /webhooks/a:b@c!$&'()*+,=d",
    'POST /webhooks/x?a=%2e%2e%2f',
    'POST /webhooks/.well-known',
    'POST /webhooks/x?',
  ],
  ...['GET /health', 'GET /health?deep=1', 'GET /health?'],
];

/** Header lines with which a framework serves another path or method than the one that it is sent. */
export const OVERRIDING_LINES: readonly string[] = [
  ...['X-Original-URL: /admin', 'x-original-url: /admin', 'X_Original_URL: /admin', 'X-Rewrite-URL: /admin'],
  ...['X-HTTP-Method-Override: DELETE', 'X-HTTP-Method: DELETE', 'X-Method-Override: DELETE', 'X-Original-URI: /admin'],
  // WSGI and CGI: what is left of the path once the name of the script is cut off.
  ...[
    'SCRIPT_NAME: /webhooks',
    'X-Script-Name: /webhooks',
    'Path-Info: /admin',
    'X_PATH_INFO: /admin',
    'Request-Uri: /admin',
  ],
  ...['Http-Method-Override: DELETE', 'X-Matched-Path: /admin', 'X-Invoke-Path: /admin'],
];
