// Shows the OpenAPI document with Swagger UI, which Flask-AppBuilder brings along; its validator badge would leave the host.
// What is tried out there goes with the page's own session, and so with its token against forged requests.
const place = document.getElementById("swagger-ui");
const token = document.querySelector("input[name=csrf_token]")?.value;

globalThis.SwaggerUIBundle({
  url: place.dataset.openapi,
  domNode: place,
  presets: [globalThis.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
  requestInterceptor: (request) => {
    if (token) request.headers["X-CSRFToken"] = token;
    return request;
  },
  onComplete: () => place.querySelectorAll(".servers select").forEach((select) => select.setAttribute("aria-label", "Server")),
});
