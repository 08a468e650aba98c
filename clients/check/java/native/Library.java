import client.ApiClient;
import client.model.Problem;

class Library {
  static ApiClient client(String url) {
    var client = new ApiClient();
    client.updateBaseUri(url);
    return client;
  }

  static Problem problem(String body) throws Exception {
    return new ApiClient().getObjectMapper().readValue(body, Problem.class);
  }
}
