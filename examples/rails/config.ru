# A Rails app in one file, behind a tunnel. It listens on this machine only, where the agent is, and so reads the plain headers.
require "action_controller/railtie"

class Example < Rails::Application
  config.load_defaults 7.1
  config.eager_load = false
  config.secret_key_base = SecureRandom.hex(64)
  routes.append { root to: "hello#show" }
end

class HelloController < ActionController::Base
  def show
    render plain: "Hello #{visitor || 'nobody'}\n"
  end

  private

  # What is not visible ASCII arrives percent-encoded.
  def visitor
    email = request.headers["X-Forwarded-Email"]
    email && URI.decode_uri_component(email)
  end
end

Example.initialize!
run Example
