import client.ApiClient;
import client.JSON;
import client.model.Problem;

class Library {
  static ApiClient client(String url) {
    return new ApiClient().setBasePath(url);
  }

  static Problem problem(String body) {
    return JSON.getGson().fromJson(body, Problem.class);
  }
}
