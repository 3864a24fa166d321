"""Training loops that are short enough to be taught: a GAN, an autoencoder, an adversarial autoencoder, ExprGAN."""
