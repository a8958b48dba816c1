/** The older RPC signature: HMAC-SHA1 over the parameters. */
import { hmac, strictEncode } from './encoding.js';

export function rpcStringToSign(method: string, params: ReadonlyMap<string, string>): string {
  const canonical = [...params]
    .filter(([name]) => name !== 'Signature')
    .map(([name, value]) => [strictEncode(name), strictEncode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return `${method}&${strictEncode('/')}&${strictEncode(canonical)}`;
}

export function rpcSignature(stringToSign: string, secret: string): string {
  return hmac('sha1', `${secret}&`, stringToSign).toString('base64');
}
