/* Starts the viewer of /docs. It is a file of its own, because the page allows no script within it. */

const contract = await (await fetch('openapi.json')).json();
// The contract names a local address. Requests go to the service that the page came from.
contract.servers = [{ url: new URL('.', location.href).href.replace(/\/$/, '') }];

const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();

SwaggerUIBundle({
  dom_id: '#viewer',
  spec: contract,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // The codes of a response, and values that may grow.
  showExtensions: true,
  // Otherwise a badge from another origin.
  validatorUrl: null,
});
