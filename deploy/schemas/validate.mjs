// Checks resources of the Gateway API: a JSON array comes in, an array of complaints goes out, "" where there is none.
import * as v1 from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import { text } from 'node:stream/consumers';

const judge = (resource) => {
  const Model = v1[resource.kind];
  if (Model === undefined || resource.apiVersion !== Model.apiVersion) {
    return `no schema of ${resource.apiVersion} ${resource.kind}`;
  }
  try {
    new Model(resource).validate();
    return '';
  } catch (error) {
    return error.message;
  }
};

console.log(JSON.stringify(JSON.parse(await text(process.stdin)).map(judge)));
