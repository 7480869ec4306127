// Shows the OpenAPI document with Swagger UI, which Flask-AppBuilder brings along; its validator badge would leave the host.
const place = document.getElementById("swagger-ui");

globalThis.SwaggerUIBundle({
  url: place.dataset.openapi,
  domNode: place,
  presets: [globalThis.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
  onComplete: () => place.querySelectorAll(".servers select").forEach((select) => select.setAttribute("aria-label", "Server")),
});
