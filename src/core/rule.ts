/** The words of an allow rule: `@acme.com`, `ana@acme.com`, `group:eng`, `*`, `public`. */
