import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

/** Greets the visitor. At the address of the dev server itself there is nobody to greet. */
function Hello() {
  const [email, setEmail] = useState('you, at localhost');
  useEffect(() => {
    fetch('/.postern/userinfo', { headers: { Accept: 'application/json' } })
      .then((response) => response.json())
      .then((visitor) => setEmail(visitor.email))
      .catch(() => {});
  }, []);
  return <h1>Hello {email}</h1>;
}

createRoot(document.querySelector('#root')).render(<Hello />);
