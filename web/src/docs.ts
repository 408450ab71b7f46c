import 'swagger-ui-dist/swagger-ui.css';
// @ts-expect-error: the package ships no types for its bundle.
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js';

SwaggerUI({ url: '/api/openapi.json', dom_id: '#docs', deepLinking: true, persistAuthorization: false });
