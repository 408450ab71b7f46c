export function problem(res, status, code, detail, errors = [], headers = {}) {
  const body = JSON.stringify({
    type: `https://bedel.dev/problems/${code}`,
    title: code,
    status,
    detail,
    request_id: res.getHeader('x-request-id'),
    errors,
  });
  res.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
  res.end(body);
  return true;
}

export function json(res, status, body, headers = {}) {
  res.writeHead(status, status === 204 ? headers : { 'content-type': 'application/json', ...headers });
  res.end(status === 204 ? undefined : JSON.stringify(body));
  return true;
}

export async function readJson(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString('utf8') || '{}');
}

/** One page of `items`; the cursor is the next index. */
export function page(items, url) {
  const limit = Math.min(500, Number(url.searchParams.get('limit') ?? 50));
  const start = Number(url.searchParams.get('cursor') ?? 0);
  const next = start + limit;
  return { items: items.slice(start, next), next_cursor: next < items.length ? String(next) : null };
}
